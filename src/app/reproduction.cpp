#include "app/reproduction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "app/kept_machines.hpp"
#include "app/output.hpp"
#include "evaluate/shift_direction.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::app {

void Directions::write(const Shard& shard) {
  for_each_kept(spec_, shard, [&](const KeptMachine& machine) {
    if (machine.diverged) return;
    accuracies_[machine.configuration].push_back(shift_accuracy(
        spec_.topology(machine.configuration), spec_.world, machine.parameters, machine.seed));
  });
}

Reproduction::Reproduction(const Experiment& experiment)
    : experiment_(experiment), nats_(experiment.bits ? std::log(2.0) : 1.0) {}

std::optional<double> Reproduction::threshold() const {
  if (!experiment_.kl) return std::nullopt;
  // A KL equal to the published one reaches it.
  return std::nextafter(*experiment_.kl * nats_, 1e9);
}

void Reproduction::add(const ExperimentPart& part, const report::Statistics& statistics,
                       const std::optional<Directions>& directions) {
  for (std::uint64_t c = 0; c < statistics.spec().configurations(); ++c) {
    auto& outcome = outcomes_.emplace_back();
    outcome.part = part.name;
    outcome.configuration = report::configuration_text(statistics.spec(), c);
    outcome.cell = statistics.last(c);
    outcome.cell.values.mean /= nats_;
    for (auto& quantile : outcome.cell.values.quantiles) quantile /= nats_;
    if (directions) outcome.direction = directions->of(c);
  }
}

void Reproduction::show(bool json) {
  const auto order = [](const Outcome& o) {
    const double share = std::isnan(o.cell.success.value) ? 0 : o.cell.success.value;
    const double median = o.cell.values.quantiles[report::kMedian];
    return std::pair(-share, std::isnan(median) ? std::numeric_limits<double>::infinity() : median);
  };
  std::ranges::stable_sort(outcomes_, {}, order);
  json ? show_json() : show_table();
}

void Reproduction::show_json() const {
  for (const auto& o : outcomes_) {
    const auto& q = o.cell.values.quantiles;
    Json line = {{"part", o.part},
                 {"configuration", o.configuration},
                 {"unit", unit()},
                 {"machines", o.cell.machines()},
                 {"diverged", o.cell.diverged},
                 {"best", q[report::kMin]},
                 {"q05", q[report::kQ05]},
                 {"median", q[report::kMedian]},
                 {"q95", q[report::kQ95]},
                 {"mean", o.cell.values.mean}};
    if (experiment_.kl) {
      line["published"] = *experiment_.kl;
      line["share_that_reaches_it"] = o.cell.success.value;
    }
    if (o.direction) {
      line["direction_shown_median"] = o.direction->quantiles[report::kMedian];
      line["direction_shown_best"] = o.direction->quantiles[report::kMax];
    }
    print_json(line);
  }
}

void Reproduction::show_table() const {
  print("{}\npublished: {}\n\nobtained, KL(world || model) in {}:\n", experiment_.source,
        experiment_.published, unit());
  print_line("{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}  {}", "best", "5 %", "median", "95 %", "mean",
             "machines", experiment_.kl ? "reach it" : "diverged", "configuration");
  for (const auto& o : outcomes_) {
    const auto kl = [&](report::QuantileIndex q) {
      return report::decimal(o.cell.values.quantiles[q]);
    };
    print_line("{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}  {}: {}", kl(report::kMin), kl(report::kQ05),
               kl(report::kMedian), kl(report::kQ95), report::decimal(o.cell.values.mean),
               report::grouped(o.cell.machines()),
               experiment_.kl ? fmt::format("{:.2f} %", 100 * o.cell.success.value)
                              : report::grouped(o.cell.diverged),
               o.part, o.configuration);
  }
  show_total();
  show_directions();
}

void Reproduction::show_directions() const {
  if (!experiment_.asks_direction) return;
  print("\nhow often the top layer shows the direction (0.5: by chance):\n");
  print_line("{:>9}{:>9}{:>9}  {}", "median", "95 %", "best", "configuration");
  for (const auto& o : outcomes_) {
    const auto& q = o.direction->quantiles;
    const auto share = [&](report::QuantileIndex i) {
      return std::isnan(q[i]) ? "-" : fmt::format("{:.3f}", q[i]);
    };
    print_line("{:>9}{:>9}{:>9}  {}: {}", share(report::kMedian), share(report::kQ95),
               share(report::kMax), o.part, o.configuration);
  }
}

void Reproduction::show_total() const {
  if (!experiment_.kl) return;
  double machines = 0;
  double reached = 0;
  double best = std::numeric_limits<double>::quiet_NaN();
  for (const auto& o : outcomes_) {
    const auto n = static_cast<double>(o.cell.machines());
    machines += n;
    reached += n * o.cell.success.value;
    best = std::fmin(best, o.cell.values.quantiles[report::kMin]);
  }
  print("\n{} of {} machines reach {} {} ({:.2f} %); the best has {}\n",
        report::grouped(static_cast<std::uint64_t>(std::llround(reached))),
        report::grouped(static_cast<std::uint64_t>(machines)), *experiment_.kl, unit(),
        100 * reached / machines, report::decimal(best));
}

}  // namespace helmholtz::app
