#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::report {

namespace {

constexpr std::size_t kMostRows = 100;

std::string interval_text(const Interval& interval) {
  return std::isnan(interval.low)
             ? "–"
             : fmt::format("{} to {}", cell_number(interval.low), cell_number(interval.high));
}

std::string percent(double share) {
  return std::isnan(share) ? "–" : fmt::format("{:.1f} %", 100 * share);
}

std::string listed(std::span<const std::string> texts) {
  constexpr std::size_t kMost = 12;
  const auto shown = texts.first(std::min(texts.size(), kMost));
  const auto more = texts.size() > kMost ? fmt::format("; and {} more", texts.size() - kMost) : "";
  return fmt::format("{}{}", fmt::join(shown, "; "), more);
}

/// Term and description; both plain text.
std::string item(const std::string& term, const std::string& text) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(term), escaped(text));
}

std::string best_seeds(const Statistics& statistics, std::uint64_t c) {
  constexpr std::size_t kSeeds = 3;
  std::vector<std::uint64_t> seeds;
  for (const auto& machine : statistics.best_machines(c, kSeeds)) seeds.push_back(machine.seed);
  return fmt::format("{}", fmt::join(seeds, ", "));
}

/// The configuration, and which KL it has where not all have the same.
std::string named(const Statistics& statistics, std::uint64_t c) {
  const auto text = configuration_text(statistics.spec(), c);
  const auto own = statistics.metric(c).title;
  return statistics.name() == own ? text : fmt::format("{}, {}", text, own);
}

std::string row(const Statistics& statistics, std::uint64_t c) {
  const auto& cell = statistics.last(c);
  const auto& q = cell.values.quantiles;
  auto text = fmt::format(
      "<tr><td>{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td>{}<td>{}</td><td>{}</td>"
      "<td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
      c, escaped(named(statistics, c)), grouped(cell.machines()), grouped(cell.diverged),
      statistics.infinite() > 0 ? fmt::format("<td>{}</td>", grouped(cell.infinite)) : "",
      cell_number(cell.interquartile_mean.value), interval_text(cell.interquartile_mean.interval),
      cell_number(q[kMedian]), interval_text({.low = q[kQ05], .high = q[kQ95]}),
      cell_number(cell.values.mean), cell_number(cell.values.sd));
  if (statistics.success_below()) {
    const auto& interval = cell.success.interval;
    text += fmt::format("<td>{}</td><td>{} to {}</td>", percent(cell.success.value),
                        percent(interval.low), percent(interval.high));
  }
  return text + fmt::format("<td class=\"text\">{}</td></tr>\n", best_seeds(statistics, c));
}

std::string heading(const Statistics& statistics) {
  const auto below = statistics.success_below();
  return fmt::format(
      "<tr><th>No.</th><th class=\"text\">configuration</th><th>machines</th><th>diverged</th>{}"
      "<th>IQM</th><th>its 95 % interval</th><th>median</th><th>5 to 95 %</th><th>mean</th>"
      "<th>sd</th>{}<th class=\"text\">best seeds</th></tr>\n",
      statistics.infinite() > 0 ? "<th>at ∞</th>" : "",
      below ? fmt::format("<th>{}</th><th>its 95 % interval</th>", success_text(statistics)) : "");
}

}  // namespace

std::string cell_number(double value) {
  if (std::isnan(value)) return "–";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  return decimal(value);
}

namespace {

std::string size_text(const World& world) {
  const auto units = counted(static_cast<std::uint64_t>(world.visible_units()), "unit");
  if (world.is_data()) return fmt::format("{} of {}", counted(world.size(), "row"), units);
  return fmt::format("{} of {}, entropy {:.4f} nats", counted(world.size(), "pattern"), units,
                     world.entropy());
}

}  // namespace

std::string header_section(const Statistics& statistics) {
  const auto& spec = statistics.spec();
  auto out = fmt::format("<h1>{}, {} {}</h1>\n<dl>\n", counted(spec.machines(), "machine"),
                         spec.world.noun(), escaped(spec.world.name()));
  out += item("configurations", grouped(spec.configurations()));
  out += item("seeds", fmt::format("{} ({})", spec.seeds.to_string(), grouped(spec.seeds.size())));
  out += item("steps", fmt::format("{}, {}", grouped(spec.steps),
                                   counted(spec.evaluations(), "evaluation")));
  for (const auto* const field : column_fields(spec)) {
    out += item(std::string(field->shown_as()), listed(field->texts(spec)));
  }
  if (spec.samples > 0) out += item("samples", grouped(spec.samples) + " an evaluation");
  if (spec.evaluation_options().particles > 0) {
    out += item("log-likelihood", likelihood_text(spec));
  }
  out += item(std::string(spec.world.noun()), size_text(spec.world));
  out += item("diverged", fmt::format("{} of {}", grouped(statistics.diverged()),
                                      counted(spec.machines(), "machine")));
  return out + "</dl>\n";
}

std::string table_section(const Statistics& statistics) {
  const auto order = statistics.best_first();
  auto out = fmt::format(
      "<h2>Configurations, best first</h2>\n<p class=\"note\">The {} after {} "
      "steps, in nats, of the machines that have not diverged; by the median. IQM: the mean of the "
      "middle half. {}The numbers of every evaluation are in summary.csv.</p>\n"
      "<div class=\"scroll\"><table>\n<thead>{}</thead>\n<tbody>\n",
      escaped(statistics.full_name()), grouped(statistics.spec().steps),
      statistics.infinite() > 0 ? "∞: above any number, as a pattern of the world is in none of a "
                                  "machine's samples. "
                                : "",
      heading(statistics));
  for (std::size_t i = 0; i < std::min(order.size(), kMostRows); ++i)
    out += row(statistics, order[i]);
  out += "</tbody></table></div>\n";
  if (order.size() > kMostRows) {
    out += fmt::format("<p class=\"note\">{} more are in summary.csv.</p>\n",
                       order.size() - kMostRows);
  }
  return out;
}

std::string comparison_section(const Statistics& statistics, std::uint64_t a, std::uint64_t b) {
  auto out = std::string("<h2>Two configurations on the same seeds</h2>\n<dl>\n");
  for (const auto& [term, text] : comparison_items(statistics, a, b)) out += item(term, text);
  return out +
         "</dl>\n<p class=\"note\">A diverged machine is worse than any other. The sign test asks "
         "whether A and B are equally often better.</p>\n";
}

}  // namespace helmholtz::report
