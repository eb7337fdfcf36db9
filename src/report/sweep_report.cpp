#include "report/sweep_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "report/draw.hpp"
#include "report/fan_chart.hpp"
#include "report/numbers.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::report {

namespace {

/// A column of a number: a space before it, however long it is.
std::string cell_text(double value) { return fmt::format(" {:>8}", decimal(value)); }

/// The most that `count` is at an evaluation.
template <class Count>
std::uint64_t most(const Statistics& statistics, std::uint64_t c, Count&& count) {
  std::uint64_t out = 0;
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    out = std::max(out, count(statistics.cell(c, e)));
  }
  return out;
}

bool has_infinite(const Statistics& statistics, std::uint64_t c) {
  return most(statistics, c, [](const CellStatistics& cell) { return cell.infinite; }) > 0;
}

bool has_diverged(const Statistics& statistics, std::uint64_t c) {
  return most(statistics, c, [](const CellStatistics& cell) { return cell.diverged; }) > 0;
}

/// Below a table: which machines its numbers are of, where they are not plainly all.
std::string notes(const Statistics& statistics, std::uint64_t c) {
  std::string text;
  if (has_diverged(statistics, c)) {
    text += "numbers are of the machines that have not diverged; -: there is none\n";
  }
  if (has_infinite(statistics, c)) {
    text +=
        "inf: above any number; a machine is at inf if a pattern of the world is in none of its "
        "samples\n";
  }
  return text;
}

/// The column of the share below the threshold; empty where none was asked for.
std::string success_heading(const Statistics& statistics) {
  const auto below = statistics.success_below();
  return below ? fmt::format("{:>12}", "below " + text::shortest(*below)) : "";
}

std::string success_text(const CellStatistics& cell) {
  return std::isnan(cell.success.value) ? "" : fmt::format("{:10.2f} %", 100 * cell.success.value);
}

std::string table(const Statistics& statistics, std::uint64_t c) {
  auto text = fmt::format("{}: {} KL(world || model) in nats\n",
                          configuration_text(statistics.spec(), c), statistics.kind(c));
  const bool infinite = has_infinite(statistics, c);
  text +=
      fmt::format("{:>12}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{}{}\n", "step", "5 %",
                  "25 %", "median", "75 %", "95 %", "mean", "IQM", "machines", "diverged",
                  infinite ? fmt::format("{:>10}", "infinite") : "", success_heading(statistics));
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    const auto& cell = statistics.cell(c, e);
    text += fmt::format("{:12}", statistics.spec().evaluation_step(e));
    for (const auto q : {kQ05, kQ25, kMedian, kQ75, kQ95}) {
      text += cell_text(cell.kl.quantiles[q]);
    }
    text += cell_text(cell.kl.mean) + cell_text(cell.interquartile_mean);
    text += fmt::format("{:10}{:10}{}{}\n", cell.machines(), cell.diverged,
                        infinite ? fmt::format("{:10}", cell.infinite) : "", success_text(cell));
  }
  return text + notes(statistics, c);
}

std::string chart(const Statistics& statistics, std::uint64_t c) {
  const auto& spec = statistics.spec();
  if (spec.evaluations() < 2) return "";
  std::vector<Distribution> columns;
  for (std::uint64_t e = 0; e < spec.evaluations(); ++e)
    columns.push_back(statistics.cell(c, e).kl);
  const auto picture = fan_chart(columns, fmt::format("step {}", spec.evaluation_step(0)),
                                 fmt::format("{}", spec.evaluation_step(spec.evaluations() - 1)));
  if (picture.empty()) return "\nno picture: no median is finite and above 0\n";
  return fmt::format("\nnats; █ median, ▒ 25 to 75 %, ░ 5 to 95 % of the machines{}\n{}",
                     has_infinite(statistics, c) ? "; inf lies above the upper edge" : "", picture);
}

/// The most probable patterns of the world, each with P and Q.
std::string draw_world(const World& world, std::span<const double> q, int columns) {
  constexpr std::size_t kMost = 12;
  const auto order = most_probable(world, kMost);
  std::vector<Drawing> drawings;
  for (const auto k : order) {
    drawings.push_back({.bits = pattern_bits(world, k),
                        .caption = fmt::format("{:.3f} {:.3f}", world.probabilities()[k], q[k])});
  }
  return fmt::format(
             "  {} of the world's {} patterns; below each its probability in the world and "
             "in the model\n",
             order.size(), world.size()) +
         draw_patterns(drawings, world.shape(), columns);
}

std::string draw_samples(const SweepSpec& spec, const Topology& topology, const Ranked& machine,
                         std::span<const float> parameters, int columns) {
  constexpr std::size_t kSamples = 8;
  const auto units = static_cast<std::ptrdiff_t>(topology.visible_units());
  const auto bits = generate_patterns(topology, parameters, machine.seed, spec.steps, 0, kSamples);
  std::vector<Drawing> drawings;
  for (auto begin = bits.begin(); begin != bits.end(); begin += units) {
    drawings.push_back({.bits = {begin, begin + units}, .caption = ""});
  }
  return fmt::format("  {} generated patterns\n", kSamples) +
         draw_patterns(drawings, spec.world.shape(), columns);
}

const Topology& topology_of(const SweepSpec& spec, const Ranked& machine) {
  return spec.topology(spec.machine(machine.machine).configuration);
}

}  // namespace

std::vector<double> model_probabilities(const SweepSpec& spec, const Ranked& machine,
                                        std::span<const float> parameters) {
  const auto& topology = topology_of(spec, machine);
  std::vector<double> q;
  if (exact_is_feasible(topology)) {
    for (const double log_q :
         exact_distribution(topology, spec.world, parameters).log_probabilities)
      q.push_back(std::exp(log_q));
    return q;
  }
  const auto sampled = sampled_distribution(topology, spec.world, parameters, machine.seed,
                                            spec.steps, spec.samples);
  for (const auto count : sampled.counts) {
    q.push_back(static_cast<double>(count) / static_cast<double>(sampled.samples));
  }
  return q;
}

std::vector<std::size_t> most_probable(const World& world, std::size_t most) {
  std::vector<std::size_t> order(world.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return world.probabilities()[a] > world.probabilities()[b];
  });
  order.resize(std::min(order.size(), most));
  return order;
}

std::string configuration_text(const SweepSpec& spec, std::uint64_t c) {
  const auto own = configuration_texts(spec, c);
  const bool lr_is_left = spec.rate_overrides.per_layer.empty();
  const SweepSpec usual;
  std::vector<std::string> parts;
  std::size_t s = 0;
  for (const auto& field : fields()) {
    if (field.is_list()) {
      const auto& text = own[s++];
      const bool is_usual = !field.leads && text == field.access.text(usual, 0);
      if (is_usual || (field.name == "lr" && !lr_is_left)) continue;
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
  }
  if (order.size() > most) {
    text += fmt::format("\n… and {} configurations with a larger median; all are in summary.csv\n",
                        order.size() - most);
  }
  return text;
}

std::string left_out_text(const PairedComparison& result) {
  std::vector<std::string> reasons;
  if (result.diverged > 0) {
    reasons.push_back(fmt::format("{} with a machine that diverged", grouped(result.diverged)));
  }
  if (result.infinite > 0) {
    reasons.push_back(fmt::format("{} with a KL of inf", grouped(result.infinite)));
  }
  if (reasons.empty()) return "";
  return fmt::format("{} left out: {}", counted(result.diverged + result.infinite, "pair"),
                     fmt::join(reasons, ", "));
}

std::string comparison_text(const Statistics& statistics, std::uint64_t a, std::uint64_t b) {
  const auto result = statistics.compare(a, b);
  const auto name = [&](std::uint64_t c) { return configuration_text(statistics.spec(), c); };
  auto text =
      fmt::format("A: {}\nB: {}\n{} pairs of the same seed: A better in {}, B in {}, ties {}; {}\n",
                  name(a), name(b), result.pairs, result.a_better, result.b_better, result.ties(),
                  std::isnan(result.p_value) ? "no pair differs"
                                             : fmt::format("sign test p = {:.3g}", result.p_value));
  text += fmt::format("{} KL of A minus {} KL of B", statistics.kind(a), statistics.kind(b));
  const auto& difference = result.difference;
  if (difference.n == 0) {
    text += ": no pair of finite values\n";
  } else {
    const auto& interval = result.interquartile_mean_interval;
    const auto range =
        std::isnan(interval.low)
            ? fmt::format("no interval of fewer than {} pairs", Bootstrap::kFewestValues)
            : fmt::format("{} to {}", decimal(interval.low), decimal(interval.high));
    text += fmt::format(", nats, in {}: median {}, IQM {} ({}), mean {}\n",
                        counted(difference.n, "pair"), decimal(difference.quantiles[kMedian]),
                        decimal(result.interquartile_mean), range, decimal(difference.mean));
  }
  const auto left_out = left_out_text(result);
  return left_out.empty() ? text : text + left_out + '\n';
}

std::string portrait(const SweepSpec& spec, const std::string& title, const Ranked& machine,
                     std::span<const float> parameters, int columns) {
  const auto q = model_probabilities(spec, machine, parameters);
  const auto kind = ranking_metric(topology_of(spec, machine)).kind;
  return fmt::format("{}: seed {}, {} KL {} nats after {} steps\n", title, machine.seed, kind,
                     decimal(machine.kl), spec.steps) +
         draw_world(spec.world, q, columns) + '\n' +
         draw_samples(spec, topology_of(spec, machine), machine, parameters, columns);
}

}  // namespace helmholtz::report
