#include "app/held_out.hpp"

#include <span>

#include "app/interrupt.hpp"
#include "app/kept_machines.hpp"
#include "app/output.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

void HeldOut::write(const Shard& shard) {
  const auto test = binarised(*spec_.dataset->split("test"));
  const PackedRows test_rows{test.words(), test.words_per_row()};
  for_each_kept(spec_, shard, [&](const KeptMachine& machine) {
    if (machine.configuration != configuration_ || machine.diverged || stopped_) return;
    const auto rows = row_likelihoods(
        spec_.topology(configuration_), machine.parameters, test_rows, machine.seed,
        {.particles = kParticles, .threads = spec_.threads, .stop_requested = interrupted});
    stopped_ = rows.empty();
    if (!stopped_) values_.push_back(mean_likelihood(rows).mean);
  });
}

std::optional<report::Distribution> HeldOut::values() const {
  if (stopped_) return std::nullopt;
  return report::describe(values_);
}

namespace {

Json json_of(const report::Distribution& values) {
  const auto& q = values.quantiles;
  return {{"machines", values.n},   {"mean", values.mean},          {"sd", values.sd},
          {"min", q[report::kMin]}, {"median", q[report::kMedian]}, {"max", q[report::kMax]}};
}

void show_json(const HeldOutRow& row) {
  Json line = {{"part", row.part},
               {"configuration", row.configuration},
               {"unit", "nats"},
               {"particles", HeldOut::kParticles},
               {"chosen_on", row.chosen_on},
               {"chosen_by", json_of(row.chosen_by)},
               {"test", json_of(row.test)}};
  if (row.published) line["published"] = *row.published;
  print_json(line);
}

void show_row(const HeldOutRow& row) {
  const auto& q = row.test.quantiles;
  print_line("{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}  {}: {}",
             row.published ? report::decimal(*row.published) : "-", report::decimal(row.test.mean),
             report::decimal(q[report::kMin]), report::decimal(q[report::kMax]), row.test.n,
             report::decimal(row.chosen_by.quantiles[report::kMedian]), row.part,
             row.configuration);
}

}  // namespace

void show_held_out(const std::vector<HeldOutRow>& rows, bool json) {
  if (json) {
    for (const auto& row : rows) show_json(row);
    return;
  }
  print_line("{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}", "published", "mean", "worst", "best",
             "machines", rows.front().chosen_on);
  for (const auto& row : rows) show_row(row);
}

}  // namespace helmholtz::app
