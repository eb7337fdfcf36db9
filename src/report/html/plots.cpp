#include "report/html/plots.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace helmholtz::report {

namespace {

constexpr std::string_view kBlue = "#0072B2";
constexpr std::string_view kOrange = "#E69F00";
constexpr std::string_view kGrey = "#8a929b";
constexpr Gnuplot::Size kSize{.width = 480, .height = 290};

/// Axes without a box; grid lines that carry the eye from the left.
std::string axes(std::string_view x, std::string_view y) {
  return fmt::format(
      "set border 3 lw 0.7\nset tics nomirror out scale 0.6\n"
      "set grid ytics lt 1 lc rgb '{}' lw 0.4\nset xlabel '{}'\nset ylabel '{}'\n",
      kGrey, x, y);
}

bool is_drawn(const Distribution& d) { return d.n > 0 && !std::isnan(d.quantiles[kMedian]); }

bool has_median(const Distribution& d) { return d.n > 0 && std::isfinite(d.quantiles[kMedian]); }

/// Entries of a setting at 0, 1, …, across an axis of theirs.
std::string entry_axis(char axis, const std::vector<std::string>& entries) {
  std::string tics;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    tics += fmt::format("{}{} {}", i > 0 ? ", " : "", Gnuplot::quoted(entries[i]), i);
  }
  return fmt::format("set {0}tics ({1})\nset {0}range [-0.5:{2}]\n", axis, tics,
                     static_cast<double>(entries.size()) - 0.5);
}

}  // namespace

std::optional<std::string> draw_fan(const Gnuplot& gnuplot, const std::vector<double>& steps,
                                    const std::vector<Distribution>& columns, const Range& axis,
                                    const Labels& labels) {
  std::string data = "$fan << EOD\n";
  std::size_t drawn = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& d = columns[i];
    if (!is_drawn(d)) {
      data += '\n';  // a gap
      continue;
    }
    ++drawn;
    data += fmt::format("{}", steps[i]);
    for (const auto q : {kQ05, kQ25, kQ75, kQ95})
      data += fmt::format(" {}", std::clamp(d.quantiles[q], axis.low, axis.high));
    const double median = d.quantiles[kMedian];
    data += median <= axis.high ? fmt::format(" {}\n", median) : " NaN\n";
  }
  if (drawn < 2 || !(axis.width() > 0)) return std::nullopt;
  const auto script =
      axes("training steps", fmt::format("{}, nats", labels.name)) +
      fmt::format(
          // Steps as 5000 or 50 k, few enough not to touch each other.
          "set xrange [0:{}]\nset xtics autofreq\nset format x '%.0s %c'\n"
          "set yrange [{}:{}]\nset key outside top horizontal samplen 1.5\n",
          std::max(steps.back(), 1.0), axis.low, axis.high) +
      data + "EOD\n" +
      fmt::format(
          "plot $fan using 1:2:5 with filledcurves fs transparent solid 0.22 noborder lc rgb '{0}' "
          "title '5 to 95 %', $fan using 1:3:4 with filledcurves fs transparent solid 0.4 noborder "
          "lc rgb '{0}' title '25 to 75 %', $fan using 1:6 with lines lw 2.2 lc rgb '{0}' "
          "title 'median'\n",
          kBlue);
  return gnuplot.draw(
      script, kSize,
      fmt::format("{} over training steps: median, quartiles, 5 and 95 percent", labels.name));
}

Histogram histogram_of(const std::vector<double>& values, double low, double high) {
  constexpr std::size_t kFewestBins = 8;
  constexpr std::size_t kMostBins = 48;
  const auto wanted = 2 * std::sqrt(static_cast<double>(values.size()));
  const auto bins = std::clamp(static_cast<std::size_t>(wanted), kFewestBins, kMostBins);
  Histogram out{.low = low, .high = high, .counts = std::vector<double>(bins)};
  for (const double x : values) {
    if (std::isnan(x)) {
      ++out.diverged;
    } else if (std::isinf(x)) {
      ++out.infinite;
    } else if (x < low || x > high) {
      ++out.outside;
    } else {
      const auto bin =
          static_cast<std::size_t>((x - low) / (high - low) * static_cast<double>(bins));
      ++out.counts[std::min(bin, bins - 1)];
    }
  }
  return out;
}

std::optional<std::string> draw_histogram(const Gnuplot& gnuplot, const Histogram& histogram,
                                          double median, const Labels& labels) {
  const auto& counts = histogram.counts;
  const double highest = *std::max_element(counts.begin(), counts.end());
  if (!(highest > 0)) return std::nullopt;
  const double width = (histogram.high - histogram.low) / static_cast<double>(counts.size());
  std::string data = "$bins << EOD\n";
  for (std::size_t i = 0; i < counts.size(); ++i) {
    data +=
        fmt::format("{} {}\n", histogram.low + (static_cast<double>(i) + 0.5) * width, counts[i]);
  }
  std::string mark;
  if (median >= histogram.low && median <= histogram.high) {
    mark = fmt::format("set arrow from {0},graph 0 to {0},graph 1 nohead lw 1.6 lc rgb '{1}'\n",
                       median, kOrange);
  }
  const auto script =
      axes(fmt::format("final {}, nats", labels.name), "machines") +
      fmt::format("set xrange [{}:{}]\nset yrange [0:{}]\nset boxwidth {}\n", histogram.low,
                  histogram.high, 1.08 * highest, 0.92 * width) +
      mark + "unset key\n" + data + "EOD\n" +
      fmt::format("plot $bins using 1:2 with boxes fs solid 0.85 noborder lc rgb '{}'\n", kBlue);
  return gnuplot.draw(script, kSize, fmt::format("Histogram of the final {}", labels.name));
}

std::optional<std::string> draw_line(const Gnuplot& gnuplot, const Setting& setting,
                                     const std::vector<Distribution>& all, const Labels& labels) {
  std::string data = "$medians << EOD\n";
  Range axis;
  if (!labels.higher_is_better) axis.include(0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!has_median(all[i])) {
      data += '\n';
      continue;
    }
    const auto& q = all[i].quantiles;
    const double high = std::isfinite(q[kQ75]) ? q[kQ75] : q[kMedian];
    data += fmt::format("{} {} {} {}\n", i, q[kMedian], q[kQ25], high);
    axis.include(high);
    axis.include(q[kQ25]);
  }
  if (!(axis.width() > 0)) return std::nullopt;
  const double margin = 0.1 * axis.width();
  const auto script =
      axes("", fmt::format("final {}, nats", labels.name)) + entry_axis('x', setting.entries) +
      fmt::format("set xlabel {}\nset yrange [{}:{}]\nunset key\n{}", Gnuplot::quoted(setting.name),
                  axis.low - (labels.higher_is_better ? margin : 0), axis.high + margin,
                  all.size() > 6 ? "set xtics rotate by -40\n" : "") +
      data + "EOD\n" +
      fmt::format(
          "plot $medians using 1:2 with lines lw 1.6 lc rgb '{0}', "
          "$medians using 1:3:(0):($4-$3) with vectors nohead lw 1.6 lc rgb '{0}', "
          "$medians using 1:2:(0.04) with circles fs solid noborder lc rgb '{0}', "
          "$medians using 1:2:(sprintf('%.3f', $2)) with labels left offset 0.7,0.5\n",
          kBlue);
  return gnuplot.draw(
      script, kSize,
      fmt::format("Median and quartiles of the final {} by {}", labels.name, setting.name));
}

std::optional<std::string> draw_heat_map(const Gnuplot& gnuplot, const Setting& rows,
                                         const Setting& columns,
                                         const std::vector<Distribution>& all,
                                         const Labels& labels) {
  std::vector<double> medians;
  for (const auto& d : all) {
    if (has_median(d)) medians.push_back(d.quantiles[kMedian]);
  }
  if (medians.empty()) return std::nullopt;
  const auto [low, high] = std::ranges::minmax(medians);
  std::string data = "$cells << EOD\n";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!has_median(all[i])) continue;
    const double median = all[i].quantiles[kMedian];
    const double from_best = labels.higher_is_better ? high - median : median - low;
    const bool is_dark = from_best < 0.45 * (high - low) || low == high;
    data += fmt::format("{} {} {} {}\n", i % columns.entries.size(), i / columns.entries.size(),
                        median, is_dark ? 0xf8f8f8 : 0x111111);
  }
  const bool has_room = columns.entries.size() <= 10;
  const auto script =
      fmt::format(
          "set border 0\nset tics scale 0\nunset key\nset xlabel {}\nset ylabel {}\n"
          "set cblabel 'median of the final {}, nats'\nset cbrange [{}:{}]\n"
          "set palette defined (0 '#00224e', 0.25 '#434e6c', 0.5 '#7d7c78', 0.75 '#bcae6c', 1 "
          "'#fee838') {}\n",
          Gnuplot::quoted(columns.name), Gnuplot::quoted(rows.name), labels.name, low,
          high > low ? high : low + 1, labels.higher_is_better ? "negative" : "positive") +
      entry_axis('x', columns.entries) + entry_axis('y', rows.entries) +
      (has_room ? "" : "set xtics rotate by -40\n") + data + "EOD\n" +
      "plot $cells using 1:2:(0.49):(0.49):3 with boxxyerror fs solid noborder fc palette" +
      (has_room ? ", $cells using 1:2:(sprintf('%.3f', $3)):4 with labels tc rgb variable\n"
                : "\n");
  const int height = 110 + 46 * static_cast<int>(std::min<std::size_t>(rows.entries.size(), 30));
  return gnuplot.draw(
      script, {.width = 600, .height = std::max(260, height)},
      fmt::format("Median of the final {} over {} and {}", labels.name, columns.name, rows.name));
}

std::optional<std::string> draw_bars(const Gnuplot& gnuplot, const std::vector<double>& world,
                                     const std::vector<double>& model) {
  std::string data = "$bars << EOD\n";
  for (std::size_t k = 0; k < world.size(); ++k) {
    data += fmt::format("{} {} {}\n", k + 1, world[k], model[k]);
  }
  const auto script =
      axes("pattern", "probability") +
      fmt::format(
          "set xrange [0.3:{}]\nset yrange [0:*]\nset xtics 1, {}, {}\n"
          "set key outside top horizontal samplen 1\nset boxwidth 0.4\n",
          static_cast<double>(world.size()) + 0.7, world.size() > 12 ? 2 : 1, world.size()) +
      data + "EOD\n" +
      fmt::format(
          "plot $bars using ($1-0.2):2 with boxes fs solid 1 noborder lc rgb '{}' title 'world', "
          "$bars using ($1+0.2):3 with boxes fs solid 1 noborder lc rgb '{}' title 'model'\n",
          kGrey, kBlue);
  return gnuplot.draw(script, kSize, "Probabilities of patterns in the world and in the model");
}

}  // namespace helmholtz::report
