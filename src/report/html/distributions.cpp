#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "report/html/html.hpp"
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

/// In place of pictures.
constexpr std::string_view kNothing =
    "<p>Nothing to draw: no configuration has finite values. A sampled KL is ∞ as soon as one "
    "pattern of the world was never generated; more samples or steps may help.</p>\n";

std::string title_of(const Statistics& statistics, std::uint64_t c) {
  return escaped(fmt::format("{}: {}", c, configuration_text(statistics.spec(), c)));
}

std::string shown_note(const Statistics& statistics, std::size_t shown) {
  const auto all = statistics.spec().configurations();
  return shown < all ? fmt::format(" The {} best of {} configurations.", shown, grouped(all)) : "";
}

/// Evaluations that a picture shows: all, or 200 evenly spaced ones with the last.
std::vector<std::uint64_t> drawn_evaluations(std::uint64_t evaluations) {
  constexpr std::uint64_t kMost = 200;
  const auto count = std::min(evaluations, kMost);
  std::vector<std::uint64_t> drawn;
  for (std::uint64_t i = 0; i < count; ++i) drawn.push_back((i + 1) * evaluations / count - 1);
  return drawn;
}

/// @param remark  text that the note ends with
std::string fan(const Statistics& statistics, std::uint64_t c, double top, std::string_view remark,
                const Gnuplot& gnuplot) {
  std::vector<double> steps;
  std::vector<Distribution> columns;
  bool leaves = false;
  for (const auto e : drawn_evaluations(statistics.spec().evaluations())) {
    steps.push_back(static_cast<double>(statistics.spec().evaluation_step(e)));
    columns.push_back(statistics.cell(c, e).kl);
    leaves = leaves || columns.back().quantiles[kQ95] > top;
  }
  const auto picture = draw_fan(gnuplot, steps, columns, top);
  if (!picture) return "";
  const auto& last = columns.back();
  auto note = fmt::format("The {} KL; at the end median {}, 5 to 95 % {} to {}.",
                          statistics.kind(c), cell_number(last.quantiles[kMedian]),
                          cell_number(last.quantiles[kQ05]), cell_number(last.quantiles[kQ95]));
  if (leaves) note += " What touches the upper edge lies above it, perhaps at ∞.";
  return figure(title_of(statistics, c), *picture, note.append(remark));
}

/// Pictures share an axis, so that they can be compared; one that would fill less than this share
/// of it has its own.
constexpr double kLeastShare = 0.25;
constexpr const char* kOwnAxis = " Its axis is its own.";

/// The upper end of a configuration's fan: above its largest finite quantile.
double top_of(const Statistics& statistics, std::uint64_t c) {
  double top = 0;
  for (std::uint64_t e = 0; e < statistics.spec().evaluations(); ++e) {
    for (const auto q : {kQ95, kQ75, kMedian}) {
      const double value = statistics.cell(c, e).kl.quantiles[q];
      if (!std::isfinite(value)) continue;
      top = std::max(top, value);
      break;
    }
  }
  return 1.05 * top;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  [[nodiscard]] bool is_empty() const { return !(low <= high); }
  [[nodiscard]] double width() const { return high - low; }
};

/// Where a configuration's final KL lies; far outliers are counted, not drawn.
Range final_range(const Statistics& statistics, std::uint64_t c) {
  Range range;
  for (const double x : statistics.last_values(c)) {
    if (!std::isfinite(x)) continue;
    range.low = std::min(range.low, x);
    range.high = std::max(range.high, x);
  }
  if (range.is_empty()) return range;
  const auto& q = statistics.last(c).kl.quantiles;
  const double far = q[kQ95] + 2 * (q[kQ95] - q[kMedian]);
  if (std::isfinite(far)) range.high = std::min(range.high, far);
  if (!(range.width() > 0)) range.high = range.low + std::max(1e-9, range.low * 1e-3);
  return range;
}

/// All of the ranges.
Range joined(const std::vector<Range>& ranges) {
  Range all;
  for (const auto& range : ranges) {
    all.low = std::min(all.low, range.low);
    all.high = std::max(all.high, range.high);
  }
  return all;
}

std::string histogram(const Statistics& statistics, std::uint64_t c, const Range& range,
                      std::string_view remark, const Gnuplot& gnuplot) {
  const auto bins = histogram_of(statistics.last_values(c), range.low, range.high);
  const double median = statistics.last(c).kl.quantiles[kMedian];
  const auto picture = draw_histogram(gnuplot, bins, median);
  if (!picture) return "";
  auto note =
      fmt::format("The {} KL; line: the median, {}.", statistics.kind(c), cell_number(median));
  if (bins.outside > 0)
    note += fmt::format(" {} beyond the axis.", counted(bins.outside, "machine"));
  if (bins.infinite > 0) note += fmt::format(" {} at ∞.", counted(bins.infinite, "machine"));
  if (bins.diverged > 0) note += fmt::format(" {} diverged.", grouped(bins.diverged));
  return figure(title_of(statistics, c), *picture, note.append(remark));
}

/// A list of a sweep that has several entries: its name, its entries, and which one a
/// configuration has.
struct Setting {
  std::string name;
  std::vector<std::string> entries;
  std::vector<std::size_t> of_configuration;
};

/// The lists that vary, hidden sizes and rates first.
std::vector<Setting> varying_settings(const SweepSpec& spec) {
  std::vector<Setting> all;
  for (const auto* const field : swept_fields()) {
    all.push_back({.name = std::string(field->shown_as()),
                   .entries = field->texts(spec),
                   .of_configuration = {}});
  }
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto indices = configuration_indices(spec, c);
    for (std::size_t s = 0; s < all.size(); ++s) all[s].of_configuration.push_back(indices[s]);
  }
  std::erase_if(all, [](const Setting& setting) { return setting.entries.size() < 2; });
  return all;
}

/// The last distribution of the configuration with the smallest median among those that `belongs`
/// picks; without machines if there is none.
template <class Belongs>
Distribution best_of(const Statistics& statistics, Belongs&& belongs) {
  Distribution best;
  for (std::uint64_t c = 0; c < statistics.spec().configurations(); ++c) {
    const auto& kl = statistics.last(c).kl;
    if (!belongs(c) || kl.n == 0) continue;
    if (best.n == 0 || kl.quantiles[kMedian] < best.quantiles[kMedian]) best = kl;
  }
  return best;
}

std::optional<std::string> heat_map(const Statistics& statistics, const Setting& rows,
                                    const Setting& columns, const Gnuplot& gnuplot) {
  Grid grid{.row_setting = rows.name,
            .column_setting = columns.name,
            .rows = rows.entries,
            .columns = columns.entries,
            .values = {}};
  for (std::size_t r = 0; r < rows.entries.size(); ++r) {
    for (std::size_t k = 0; k < columns.entries.size(); ++k) {
      const auto best = best_of(statistics, [&](std::uint64_t c) {
        return rows.of_configuration[c] == r && columns.of_configuration[c] == k;
      });
      grid.values.push_back(best.n > 0 ? best.quantiles[kMedian] : std::nan(""));
    }
  }
  return draw_heat_map(gnuplot, grid);
}

std::optional<std::string> line(const Statistics& statistics, const Setting& setting,
                                const Gnuplot& gnuplot) {
  std::vector<Category> categories;
  for (std::size_t i = 0; i < setting.entries.size(); ++i) {
    categories.push_back(
        {.name = setting.entries[i], .kl = best_of(statistics, [&](std::uint64_t c) {
                                       return setting.of_configuration[c] == i;
                                     })});
  }
  return draw_line(gnuplot, setting.name, categories);
}

}  // namespace

std::string fan_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  if (statistics.spec().evaluations() < 2) return "";
  const auto drawn = drawn_configurations(statistics);
  double top = 0;
  for (const auto c : drawn) top = std::max(top, top_of(statistics, c));
  std::string figures;
  for (const auto c : drawn) {
    const double own = top_of(statistics, c);
    const bool is_low = own < kLeastShare * top;
    figures += fan(statistics, c, is_low ? own : top, is_low ? kOwnAxis : "", gnuplot);
  }
  if (figures.empty() && gnuplot.failure().empty()) figures = std::string(kNothing);
  return fmt::format(
      "<h2>KL over the steps</h2>\n<p class=\"note\">KL(world || model) of the machines that have "
      "not "
      "diverged.{}</p>\n<div class=\"figures\">\n{}</div>\n",
      shown_note(statistics, drawn.size()), figures);
}

std::string histogram_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  const auto drawn = drawn_configurations(statistics);
  std::vector<Range> ranges;
  for (const auto c : drawn) ranges.push_back(final_range(statistics, c));
  const auto all = joined(ranges);
  std::string figures;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (ranges[i].is_empty()) continue;
    const bool is_narrow = ranges[i].width() < kLeastShare * all.width();
    figures += histogram(statistics, drawn[i], is_narrow ? ranges[i] : all,
                         is_narrow ? kOwnAxis : "", gnuplot);
  }
  if (figures.empty() && gnuplot.failure().empty()) figures = std::string(kNothing);
  return fmt::format(
      "<h2>Final KL</h2>\n<p class=\"note\">How many machines ended where.{}</p>\n"
      "<div class=\"figures\">\n{}</div>\n",
      shown_note(statistics, drawn.size()), figures);
}

std::string settings_section(const Statistics& statistics, const Gnuplot& gnuplot) {
  constexpr std::size_t kMostEntries = 40;
  auto settings = varying_settings(statistics.spec());
  std::erase_if(settings, [](const Setting& s) { return s.entries.size() > kMostEntries; });
  if (settings.empty()) return "";
  const bool is_pair = settings.size() > 1;
  const auto picture = is_pair ? heat_map(statistics, settings[0], settings[1], gnuplot)
                               : line(statistics, settings[0], gnuplot);
  if (!picture) return "";
  const auto shown = is_pair ? settings[0].name + " and " + settings[1].name : settings[0].name;
  std::string note = is_pair
                         ? "Median of the final KL ({}) over the seeds, in nats; darker is better."
                         : "Median and quartiles of the final KL ({}) over the seeds, in nats.";
  note = fmt::format(fmt::runtime(note), statistics.kind());
  if (settings.size() > 2) note += " Where other settings differ, those with the smallest median.";
  if (is_pair) note += " A missing field has no finite median.";
  return fmt::format("<h2>By {}</h2>\n<div class=\"figures wide\">\n{}</div>\n", escaped(shown),
                     figure("", *picture, note));
}

}  // namespace helmholtz::report
