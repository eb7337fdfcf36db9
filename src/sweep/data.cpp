// The data set of a sweep: where it is, whether it is the same, what it becomes.
#include <utility>

#include <fmt/format.h>

#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

/// Says which flag names a file that is not there.
void require_files(const DatasetFiles& files) {
  for (const auto& [flag, member] : kDatasetFiles) {
    const auto& path = files.*member;
    if (path.empty() || io::is_there(path)) continue;
    throw NoInput(path.string(), fmt::format("no such file; --{} says where it is now", flag));
  }
}

/// What measures patterns of an enumerable world.
void require_no_samples(const SweepSpec& spec) {
  if (spec.samples == 0) return;
  throw InvalidArgument("samples", std::to_string(spec.samples),
                        "0 with a data set, whose KL cannot be counted");
}

}  // namespace

void SweepSpec::load_data() {
  if (!data.files.any()) {
    if (data.binarize == Binarize()) return;
    throw InvalidArgument("binarize", data.binarize.to_string(), "only with --data or --train");
  }
  require_no_samples(*this);
  require_files(data.files);
  const auto loaded = std::make_shared<const Dataset>(load_dataset(data.files, data.binarize));
  auto rows = data_world(loaded);
  if (world.is_data() && world_digest(world) != world_digest(rows)) {
    const auto& file = data.files.data.empty() ? data.files.train : data.files.data;
    throw BadData(file.string(),
                  fmt::format("holds another data set ({}) than was trained on, {} "
                              "({})",
                              world_digest(rows), world.name(), world_digest(world)));
  }
  world = std::move(rows);
  dataset = loaded;
}

}  // namespace helmholtz
