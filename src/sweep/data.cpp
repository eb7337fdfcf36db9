// The data set of a sweep: where it is, whether it is the same, what it becomes.
#include <utility>

#include <fmt/ranges.h>

#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

/// Says which flag names a file that was there when machines were trained on it.
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

/// The split and the rows that the log-likelihood is of are no part of a spec without them.
void require_no_rows(const SweepSpec& spec, std::string_view allowed) {
  if (!spec.split.empty()) throw InvalidArgument("split", spec.split, allowed);
  if (spec.rows > 0) throw InvalidArgument("rows", std::to_string(spec.rows), allowed);
}

/// Names the split and the number of rows that the log-likelihood is of, where they are left out.
void choose_rows(SweepSpec& spec) {
  if (spec.log_likelihood == 0) return require_no_rows(spec, "only with --log-likelihood");
  if (spec.split.empty()) spec.split = spec.dataset->valid ? "valid" : "train";
  const auto* const there = spec.dataset->split(spec.split);
  if (there == nullptr) {
    throw InvalidArgument("split", spec.split,
                          fmt::format("{}", fmt::join(spec.dataset->splits(), ", ")));
  }
  if (spec.rows > there->size()) {
    throw InvalidArgument("rows", std::to_string(spec.rows),
                          fmt::format("1 to {}, as split {} has", there->size(), spec.split));
  }
  if (spec.rows == 0) spec.rows = there->size();
  spec.evaluated = there->is_grey() ? std::make_shared<const Rows>(binarised(*there))
                                    : std::shared_ptr<const Rows>(spec.dataset, there);
}

void take_data(SweepSpec& spec, World world, std::shared_ptr<const Dataset> dataset) {
  spec.world = std::move(world);
  spec.dataset = std::move(dataset);
  choose_rows(spec);
}

}  // namespace

void SweepSpec::load_data() {
  if (!data.files.any()) {
    require_no_rows(*this, "only with --data or --train");
    if (data.binarize == Binarize()) return;
    throw InvalidArgument("binarize", data.binarize.to_string(), "only with --data or --train");
  }
  require_no_samples(*this);
  if (world.is_data()) require_files(data.files);
  auto loaded = std::make_shared<const Dataset>(load_dataset(data.files, data.binarize));
  auto loaded_world = data_world(loaded);
  if (world.is_data() && world_digest(world) != world_digest(loaded_world)) {
    throw BadData(data.files.file_of("train").string(),
                  fmt::format("holds another data set ({}) than was trained on, {} "
                              "({})",
                              world_digest(loaded_world), world.name(), world_digest(world)));
  }
  take_data(*this, std::move(loaded_world), std::move(loaded));
}

void SweepSpec::train_on(std::shared_ptr<const Dataset> rows_in_memory) {
  require_no_samples(*this);
  auto rows_as_world = data_world(rows_in_memory);
  take_data(*this, std::move(rows_as_world), std::move(rows_in_memory));
}

}  // namespace helmholtz
