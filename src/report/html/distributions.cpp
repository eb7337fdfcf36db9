#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/html/plots.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::report {

namespace {

std::vector<std::uint64_t> drawn_configurations(const Statistics& statistics) {
  auto order = statistics.best_first();
  order.resize(std::min(order.size(), kMostDrawn));
  return order;
}

std::string title_of(const Statistics& statistics, std::uint64_t c) {
  return escaped(fmt::format("{}: {}", c, configuration_text(statistics.spec(), c)));
}

/// @param note  HTML @param figures  of `shown` configurations; may be empty
std::string figures_section(const Statistics& statistics, std::string_view heading,
                            std::string_view note, std::size_t shown, std::string figures,
                            const Gnuplot& gnuplot) {
  if (figures.empty() && gnuplot.failure().empty()) {
    figures =
        "<p>Nothing to draw: no configuration has finite values. A sampled KL is ∞ as soon as one "
        "pattern of the world was never generated; more samples or steps may help.</p>\n";
  }
  const auto all = statistics.spec().configurations();
  return fmt::format(
      "<h2>{}</h2>\n<p class=\"note\">{}{}</p>\n<div class=\"figures\">\n{}</div>\n", heading, note,
      shown < all ? fmt::format(" The {} best of {} configurations.", shown, grouped(all)) : "",
      figures);
}

/// Evaluations that a picture shows: all, or 200 evenly spaced ones with the last.
std::vector<std::uint64_t> drawn_evaluations(std::uint64_t evaluations) {
  constexpr std::uint64_t kMost = 200;
  const auto count = std::min(evaluations, kMost);
  std::vector<std::uint64_t> drawn;
  for (std::uint64_t i = 0; i < count; ++i) drawn.push_back((i + 1) * evaluations / count - 1);
  return drawn;
}

/// How its numbers are labelled.
Labels labels_of(const Statistics& statistics) {
  return {.name = statistics.short_name(), .higher_is_better = statistics.higher_is_better()};
}

/// @param remark  text that the note ends with
std::string fan(const Statistics& statistics, std::uint64_t c, const Range& axis,
                std::string_view remark, const Gnuplot& gnuplot) {
  std::vector<double> steps;
  std::vector<Distribution> columns;
  bool leaves = false;
  for (const auto e : drawn_evaluations(statistics.spec().evaluations())) {
    steps.push_back(static_cast<double>(statistics.spec().evaluation_step(e)));
    columns.push_back(statistics.cell(c, e).values);
    leaves = leaves || columns.back().quantiles[kQ95] > axis.high;
  }
  const auto picture = draw_fan(gnuplot, steps, columns, axis, labels_of(statistics));
  if (!picture) return "";
  const auto& last = columns.back();
  auto note = fmt::format("The {}; at the end median {}, 5 to 95 % {} to {}.",
                          statistics.metric(c).title, cell_number(last.quantiles[kMedian]),
                          cell_number(last.quantiles[kQ05]), cell_number(last.quantiles[kQ95]));
  if (leaves) note += " What touches the upper edge lies above it, perhaps at ∞.";
  return figure(title_of(statistics, c), *picture, note.append(remark));
}

/// Pictures share an axis, so that they can be compared; one that would fill less than this share
/// of it has its own.
constexpr double kLeastShare = 0.25;
constexpr const char* kOwnAxis = " Its axis is its own.";

/// The axis of a configuration's fan: beyond its best and worst finite quantiles.
Range fan_axis(const Statistics& statistics, std::uint64_t c) {
  constexpr double kMargin = 0.05;
  const bool higher = statistics.higher_is_better();
  std::vector<Distribution> all;
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    all.push_back(statistics.cell(c, e).values);
  }
  auto axis = axis_of(all, higher);
  const double margin = kMargin * axis.width();
  if (higher) axis.low -= margin;
  axis.high += margin;
  return axis;
}

/// Where a configuration's final values lie; far outliers on the bad side are counted, not drawn.
Range final_range(const Statistics& statistics, std::uint64_t c) {
  Range range;
  for (const double x : statistics.last_values(c)) {
    if (std::isfinite(x)) range.include(x);
  }
  if (range.is_empty()) return range;
  const auto& q = statistics.last(c).values.quantiles;
  const bool higher = statistics.higher_is_better();
  const double end = higher ? q[kQ05] : q[kQ95];
  const double far = end + 2 * (end - q[kMedian]);
  if (std::isfinite(far) && higher) range.low = std::max(range.low, far);
  if (std::isfinite(far) && !higher) range.high = std::min(range.high, far);
  if (!(range.width() > 0)) range.high = range.low + std::max(1e-9, std::abs(range.low) * 1e-3);
  return range;
}

std::string histogram(const Statistics& statistics, std::uint64_t c, const Range& range,
                      std::string_view remark, const Gnuplot& gnuplot) {
  const auto bins = histogram_of(statistics.last_values(c), range.low, range.high);
  const double median = statistics.last(c).values.quantiles[kMedian];
  const auto picture = draw_histogram(gnuplot, bins, median, labels_of(statistics));
  if (!picture) return "";
  auto note =
      fmt::format("The {}; line: the median, {}.", statistics.metric(c).title, cell_number(median));
  if (bins.outside > 0)
    note += fmt::format(" {} beyond the axis.", counted(bins.outside, "machine"));
  if (bins.infinite > 0) note += fmt::format(" {} at ∞.", counted(bins.infinite, "machine"));
  if (bins.diverged > 0) note += fmt::format(" {} diverged.", grouped(bins.diverged));
  return figure(title_of(statistics, c), *picture, note.append(remark));
}

/// A list of a sweep that has several entries.
struct VaryingSetting : Setting {
  std::size_t list = 0;  ///< among swept_fields()
};

/// The lists that vary, hidden sizes and rates first, but for those that no picture holds.
std::vector<VaryingSetting> varying_settings(const SweepSpec& spec) {
  constexpr std::size_t kMostEntries = 40;
  std::vector<VaryingSetting> varying;
  for (std::size_t list = 0; list < swept_fields().size(); ++list) {
    const auto& field = *swept_fields()[list];
    const auto entries = field.texts(spec);
    if (entries.size() < 2 || entries.size() > kMostEntries) continue;
    varying.push_back({{.name = std::string(field.shown_as()), .entries = entries}, list});
  }
  return varying;
}

/// For each combination of the settings' entries, the last one changing fastest, the last
/// distribution of the configuration with the best median; without machines if there is none.
std::vector<Distribution> best_of(const Statistics& statistics,
                                  std::span<const VaryingSetting> settings) {
  std::size_t combinations = 1;
  for (const auto& setting : settings) combinations *= setting.entries.size();
  std::vector<Distribution> all(combinations);
  for (std::uint64_t c = 0; c < statistics.spec().configurations(); ++c) {
    const auto indices = configuration_indices(statistics.spec(), c);
    std::size_t i = 0;
    for (const auto& setting : settings) i = i * setting.entries.size() + indices[setting.list];
    const auto& own = statistics.last(c).values;
    auto& best = all[i];
    if (own.n == 0) continue;
    const auto cost = [&](const Distribution& d) {
      return statistics.metric(c).cost(d.quantiles[kMedian]);
    };
    if (best.n == 0 || cost(own) < cost(best)) best = own;
  }
  return all;
}

}  // namespace

std::string fan_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  if (statistics.spec().evaluations() < 2) return "";
  const auto drawn = drawn_configurations(statistics);
  Range all;
  for (const auto c : drawn) all.include(fan_axis(statistics, c));
  std::string figures;
  for (const auto c : drawn) {
    const auto own = fan_axis(statistics, c);
    const bool is_narrow = own.width() < kLeastShare * all.width();
    figures += fan(statistics, c, is_narrow ? own : all, is_narrow ? kOwnAxis : "", gnuplot);
  }
  const auto name = statistics.short_name();
  const auto what = statistics.higher_is_better() ? escaped(statistics.full_name())
                                                  : fmt::format("{}(world || model)", name);
  return figures_section(statistics, fmt::format("{} over the steps", name),
                         fmt::format("The {} of the machines that have not diverged.", what),
                         drawn.size(), figures, gnuplot);
}

std::string histogram_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  const auto drawn = drawn_configurations(statistics);
  std::vector<Range> ranges;
  Range all;
  for (const auto c : drawn) {
    const auto& range = ranges.emplace_back(final_range(statistics, c));
    if (range.is_empty()) continue;
    all.include(range);
  }
  std::string figures;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (ranges[i].is_empty()) continue;
    const bool is_narrow = ranges[i].width() < kLeastShare * all.width();
    figures += histogram(statistics, drawn[i], is_narrow ? ranges[i] : all,
                         is_narrow ? kOwnAxis : "", gnuplot);
  }
  return figures_section(statistics, fmt::format("Final {}", statistics.short_name()),
                         "How many machines ended where.", drawn.size(), figures, gnuplot);
}

std::string settings_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  const auto settings = varying_settings(statistics.spec());
  if (settings.empty()) return "";
  const bool is_pair = settings.size() > 1;
  const auto best = best_of(statistics, std::span(settings).first(is_pair ? 2 : 1));
  const auto labels = labels_of(statistics);
  const auto picture = is_pair ? draw_heat_map(gnuplot, settings[0], settings[1], best, labels)
                               : draw_line(gnuplot, settings[0], best, labels);
  if (!picture) return "";
  const auto shown = is_pair ? settings[0].name + " and " + settings[1].name : settings[0].name;
  auto note = fmt::format("{} of the final {} over the seeds, in nats{}.",
                          is_pair ? "Median" : "Median and quartiles", statistics.name(),
                          is_pair ? "; darker is better" : "");
  if (settings.size() > 2) note += " Where other settings differ, those with the best median.";
  if (is_pair) note += " A missing field has no finite median.";
  return fmt::format("<h2>By {}</h2>\n<div class=\"figures wide\">\n{}</div>\n", escaped(shown),
                     figure("", *picture, note));
}

}  // namespace helmholtz::report
