#include "app/dataset_summary.hpp"

#include <utility>
#include <vector>

#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

/// The splits of a sweep's data set.
std::vector<std::pair<const char*, const Rows*>> named_splits(const Dataset& data) {
  std::vector<std::pair<const char*, const Rows*>> splits = {{"train", &data.train}};
  if (data.valid) splits.emplace_back("valid", &*data.valid);
  if (data.test) splits.emplace_back("test", &*data.test);
  return splits;
}

std::uint64_t split_bytes(const SweepSpec& spec, const Rows& rows) {
  return bytes_of(rows.size(), rows.units(), spec.data.binarize);
}

}  // namespace

std::uint64_t data_bytes(const SweepSpec& spec) {
  if (!spec.dataset) return 0;
  std::uint64_t bytes = spec.world.thresholds().size_bytes();
  for (const auto& [name, rows] : named_splits(*spec.dataset)) bytes += split_bytes(spec, *rows);
  return bytes;
}

Json data_json(const SweepSpec& spec) {
  Json json = {{"units", spec.world.visible_units()}, {"bytes", data_bytes(spec)}};
  for (const auto& [name, rows] : named_splits(*spec.dataset)) json[name] = rows->size();
  return json;
}

std::string data_text(const SweepSpec& spec) {
  std::string splits;
  for (const auto& [name, rows] : named_splits(*spec.dataset)) {
    splits += fmt::format(", {} {} ({})", name, report::grouped(rows->size()),
                          report::bytes(static_cast<double>(split_bytes(spec, *rows))));
  }
  return fmt::format("data set {}: rows of {} units{}\n", shown(spec.dataset->name),
                     spec.world.visible_units(), splits);
}

}  // namespace helmholtz::app
