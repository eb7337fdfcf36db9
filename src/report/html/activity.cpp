#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "evaluate/importance.hpp"
#include "report/draw.hpp"
#include "report/html/html_report.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

/// The most probable patterns of a world; the first rows of data.
std::vector<WeightedRow> rows_to_show(const World& world, const PackedRows& rows) {
  constexpr std::size_t kMostRows = 1000;
  std::vector<WeightedRow> shown;
  if (world.is_data()) {
    for (std::size_t n = 0; n < std::min(rows.size(), kMostRows); ++n) shown.push_back({.row = n});
  } else {
    for (const auto k : most_probable(world, kMostRows)) {
      shown.push_back({.row = k, .weight = world.probabilities()[k]});
    }
  }
  return shown;
}

double percent(std::span<const double> units) {
  return 100 * std::reduce(units.begin(), units.end()) / static_cast<double>(units.size());
}

/// Units that say nothing about a row.
std::size_t nearly_constant(std::span<const double> units) {
  constexpr double kRarely = 0.01;
  return static_cast<std::size_t>(
      std::ranges::count_if(units, [](double on) { return on < kRarely || on > 1 - kRarely; }));
}

}  // namespace

UnitActivity activity_of(const SweepSpec& spec, const Ranked& machine,
                         std::span<const float> parameters) {
  const importance::LikelihoodRows evaluated(spec.world, spec.evaluation_options());
  return unit_activity(topology_of(spec, machine), parameters, machine.seed, spec.steps,
                       evaluated.rows(), rows_to_show(spec.world, evaluated.rows()));
}

std::string activity_table(const SweepSpec& spec, const TrainedMachine& trained) {
  const auto& topology = topology_of(spec, trained.machine);
  const auto& activity = trained.activity;
  auto out = fmt::format(
      "<h3>How often units are on</h3>\n<p class=\"note\">While the machine recognises {} of the "
      "{}, and while it generates as many; nearly constant: on in less than 1 % or more than 99 % "
      "of what it recognises.</p>\n<div class=\"scroll\"><table>\n<thead><tr><th>layer</th>"
      "<th>units</th><th>recognising</th><th>generating</th><th>nearly constant</th></tr></thead>\n"
      "<tbody>\n",
      counted(activity.rows, spec.world.is_data() ? "row" : "pattern"), spec.world.noun());
  for (int l = 0; l <= topology.last(); ++l) {
    const auto units_of = [&](const std::vector<double>& all) {
      return std::span(all).subspan(static_cast<std::size_t>(topology.shape().unit_offset(l)),
                                    static_cast<std::size_t>(topology.size(l)));
    };
    const auto recognised = units_of(activity.recognised);
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{:.1f} %</td><td>{:.1f} %</td><td>{}</td></tr>\n",
        l == 0                 ? "0, top"
        : l == topology.last() ? fmt::format("{}, visible", l)
                               : fmt::format("{}", l),
        topology.size(l), percent(recognised), percent(units_of(activity.generated)),
        nearly_constant(recognised));
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace helmholtz::report
