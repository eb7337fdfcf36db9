#include "app/dataset_summary.hpp"

#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

std::uint64_t split_bytes(const SweepSpec& spec, const Rows& rows) {
  return bytes_of(rows.size(), rows.units(), spec.data.binarize);
}

}  // namespace

std::uint64_t data_bytes(const SweepSpec& spec) {
  if (!spec.dataset) return 0;
  std::uint64_t bytes = spec.world.thresholds().size_bytes();
  for (const auto& name : spec.dataset->splits()) {
    bytes += split_bytes(spec, *spec.dataset->split(name));
  }
  return bytes;
}

Json data_json(const SweepSpec& spec) {
  Json json = {{"units", spec.world.visible_units()}, {"bytes", data_bytes(spec)}};
  for (const auto& name : spec.dataset->splits()) json[name] = spec.dataset->split(name)->size();
  return json;
}

std::string data_text(const SweepSpec& spec) {
  std::string splits;
  for (const auto& name : spec.dataset->splits()) {
    const auto& rows = *spec.dataset->split(name);
    splits += fmt::format(", {} {} ({})", name, report::grouped(rows.size()),
                          report::bytes(static_cast<double>(split_bytes(spec, rows))));
  }
  return fmt::format("data set {}: rows of {} units{}\n", shown(spec.dataset->name),
                     spec.world.visible_units(), splits);
}

}  // namespace helmholtz::app
