#include "report/sweep_report.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/summary.hpp"
#include "report/draw.hpp"
#include "report/numbers.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::report {

namespace {

/// A column of a number: a space before it, however long it is.
std::string cell_text(double value) { return fmt::format(" {:>8}", decimal(value)); }

/// Whether a count of a configuration is above 0 at any evaluation.
bool has_any(const Statistics& statistics, std::uint64_t c, std::uint64_t CellStatistics::*count) {
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    if (statistics.cell(c, e).*count > 0) return true;
  }
  return false;
}

/// Below a table: which machines its numbers are of, where they are not plainly all.
std::string notes(const Statistics& statistics, std::uint64_t c) {
  std::string text;
  if (has_any(statistics, c, &CellStatistics::diverged)) {
    text += "numbers are of the machines that have not diverged; -: there is none\n";
  }
  if (has_any(statistics, c, &CellStatistics::infinite)) {
    text +=
        "inf: above any number; a machine is at inf if a pattern of the world is in none of its "
        "samples\n";
  }
  return text;
}

/// The column of the share of successes; empty where none was asked for.
std::string success_heading(const Statistics& statistics) {
  const auto below = statistics.success_below();
  return below ? fmt::format("{:>12}", success_text(statistics)) : "";
}

std::string share_text(const CellStatistics& cell) {
  return std::isnan(cell.success.value) ? "" : fmt::format("{:10.2f} %", 100 * cell.success.value);
}

std::string table(const Statistics& statistics, std::uint64_t c) {
  auto text = fmt::format("{}: {} in nats\n", configuration_text(statistics.spec(), c),
                          statistics.full_name(c));
  const bool infinite = has_any(statistics, c, &CellStatistics::infinite);
  text +=
      fmt::format("{:>12}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{}{}\n", "step", "5 %",
                  "25 %", "median", "75 %", "95 %", "mean", "IQM", "machines", "diverged",
                  infinite ? fmt::format("{:>10}", "infinite") : "", success_heading(statistics));
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    const auto& cell = statistics.cell(c, e);
    text += fmt::format("{:12}", statistics.spec().evaluation_step(e));
    for (const auto q : {kQ05, kQ25, kMedian, kQ75, kQ95}) {
      text += cell_text(cell.values.quantiles[q]);
    }
    text += cell_text(cell.values.mean) + cell_text(cell.interquartile_mean.value);
    text += fmt::format("{:10}{:10}{}{}\n", cell.machines(), cell.diverged,
                        infinite ? fmt::format("{:10}", cell.infinite) : "", share_text(cell));
  }
  return text + notes(statistics, c);
}

std::string chart(const Statistics& statistics, std::uint64_t c) {
  const auto& spec = statistics.spec();
  if (spec.evaluations() < 2) return "";
  std::vector<Distribution> columns;
  for (std::uint64_t e = 0; e < spec.evaluations(); ++e)
    columns.push_back(statistics.cell(c, e).values);
  const auto axis = axis_of(columns, statistics.higher_is_better());
  const auto picture = fan_chart(columns, axis, fmt::format("step {}", spec.evaluation_step(0)),
                                 fmt::format("{}", spec.evaluation_step(spec.evaluations() - 1)));
  if (picture.empty()) {
    return statistics.higher_is_better() ? "\nno picture: no two quantiles differ\n"
                                         : "\nno picture: no median is finite and above 0\n";
  }
  return fmt::format(
      "\nnats; █ median, ▒ 25 to 75 %, ░ 5 to 95 % of the machines{}\n{}",
      has_any(statistics, c, &CellStatistics::infinite) ? "; inf lies above the upper edge" : "",
      picture);
}

constexpr std::string_view kColumns =
    "step,kl,n,diverged,mean,sd,"
    "min,q05,q25,median,q75,q95,max,iqm,iqm_low,iqm_high,"
    "success_below,success,success_low,success_high,best_seed,infinite\n";

/// With its comma; empty for NaN.
std::string field(double value) { return std::isnan(value) ? "," : ',' + text::shortest(value); }

std::string columns(const SweepSpec& spec) {
  std::string names = "configuration,";
  for (const auto* const setting : column_fields(spec)) names.append(setting->name) += ',';
  return names.append(kColumns);
}

std::string estimate_fields(const Estimate& estimate) {
  return field(estimate.value) + field(estimate.interval.low) + field(estimate.interval.high);
}

std::string statistics_fields(const CellStatistics& cell, std::optional<double> success_below) {
  auto text = field(cell.values.mean) + field(cell.values.sd);
  for (const double q : cell.values.quantiles) text += field(q);
  text += estimate_fields(cell.interquartile_mean);
  text += field(success_below.value_or(kUndefined)) + estimate_fields(cell.success);
  text += cell.best_seed ? fmt::format(",{}", *cell.best_seed) : ",";
  return text + fmt::format(",{}", cell.infinite);
}

/// How many pairs have no difference, and why; empty if all have one.
std::string left_out_text(const PairedComparison& result) {
  const auto left_out = result.diverged + result.infinite;
  if (left_out == 0) return "";
  auto text = fmt::format("; {} left out: ", counted(left_out, "pair"));
  if (result.diverged > 0) text += grouped(result.diverged) + " with a machine that diverged";
  if (result.diverged > 0 && result.infinite > 0) text += ", ";
  if (result.infinite > 0) text += grouped(result.infinite) + " with a KL of inf";
  return text;
}

std::string difference_text(const PairedComparison& result) {
  const auto& difference = result.difference;
  if (difference.n == 0) return "no pair of finite values";
  const auto& interval = result.interquartile_mean.interval;
  const auto range =
      std::isnan(interval.low)
          ? fmt::format("no interval of fewer than {} pairs", kFewestValues)
          : fmt::format("95 % interval {} to {}", decimal(interval.low), decimal(interval.high));
  return fmt::format("median {}, IQM {} ({}), mean {} nats, in {} of finite values",
                     decimal(difference.quantiles[kMedian]),
                     decimal(result.interquartile_mean.value), range, decimal(difference.mean),
                     counted(difference.n, "pair"));
}

}  // namespace

std::string success_text(const Statistics& statistics) {
  const double below = statistics.success_below().value_or(kUndefined);
  return statistics.higher_is_better() ? "above " + text::shortest(-below)
                                       : "below " + text::shortest(below);
}

std::string configuration_text(const SweepSpec& spec, std::uint64_t c) {
  const auto own = configuration_texts(spec, c);
  const SweepSpec usual;
  std::vector<std::string> parts;
  std::size_t s = 0;
  for (const auto& field : fields()) {
    if (field.is_list()) {
      const auto& text = own[s++];
      const bool is_usual = !field.leads && text == field.access.text(usual, 0);
      if (is_usual || (field.name == "lr" && !spec.rate_overrides.uses_rate())) continue;
      parts.push_back(fmt::format("{} {}", field.name, text));
    } else if (field.scope == Field::Scope::rate) {
      for (const auto& text : field.texts(spec))
        parts.push_back(fmt::format("{} {}", field.name, text));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string quantile_tables(const Statistics& statistics, std::size_t most) {
  const auto order = statistics.best_first();
  std::string text;
  for (std::size_t i = 0; i < std::min(order.size(), most); ++i) {
    if (i > 0) text += '\n';
    text += table(statistics, order[i]);
    if (i == 0) text += chart(statistics, order[i]);
    if (statistics.likelihood() != nullptr) {
      text += '\n' + table(*statistics.likelihood(), order[i]);
    }
  }
  if (order.size() > most) {
    text += fmt::format("\n… and {} configurations with a {} median; all are in summary.csv\n",
                        order.size() - most, statistics.higher_is_better() ? "lower" : "larger");
  }
  return text;
}

namespace {

std::string summary_lines(const Statistics& statistics) {
  const auto& spec = statistics.spec();
  std::string text;
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto prefix = fmt::format("{},{}", c, csv_fields(column_texts(spec, c), true));
    for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
      const auto& cell = statistics.cell(c, e);
      text += fmt::format("{}{},{},{},{}{}\n", prefix, spec.evaluation_step(e), statistics.kind(c),
                          cell.values.n, cell.diverged,
                          statistics_fields(cell, statistics.success_below()));
    }
  }
  return text;
}

}  // namespace

std::string summary_csv(const Statistics& statistics) {
  const auto text = columns(statistics.spec()) + summary_lines(statistics);
  const auto* const likelihood = statistics.likelihood();
  return likelihood == nullptr ? text : text + summary_lines(*likelihood);
}

std::vector<Item> comparison_items(const Statistics& statistics, std::uint64_t a, std::uint64_t b) {
  const auto result = statistics.compare(a, b);
  const auto name = [&](std::uint64_t c) {
    return fmt::format("configuration {}: {}", c, configuration_text(statistics.spec(), c));
  };
  const bool differ = result.a_better + result.b_better > 0;
  const auto& share = result.a_share;
  return {
      {"A", name(a)},
      {"B", name(b)},
      {"pairs",
       fmt::format("{} of the same seed; A better in {}, B in {}, ties {}", grouped(result.pairs),
                   grouped(result.a_better), grouped(result.b_better), grouped(result.ties()))},
      {"A better",
       differ ? fmt::format("{:.1f} % of the pairs that differ, 95 % interval {:.1f} % to {:.1f} %",
                            100 * share.value, 100 * share.interval.low, 100 * share.interval.high)
              : "no pair differs"},
      {fmt::format("{} of A minus {} of B", statistics.metric(a).title, statistics.metric(b).title),
       difference_text(result) + left_out_text(result)},
      {"sign test",
       differ ? fmt::format("p = {:.3g}, two-sided", result.p_value) : "no pair differs"}};
}

}  // namespace helmholtz::report

namespace helmholtz {

std::string summary_csv(const SweepSpec& spec, const Shard& results) {
  report::Summary summary(spec);
  summary.write(results);
  return report::summary_csv(report::Statistics(std::move(summary)));
}

}  // namespace helmholtz
