#include "report/fan_chart.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace helmholtz::report {

namespace {

constexpr int kRows = 12;
constexpr std::size_t kWidth = 60;  // characters

/// The largest finite one of the 95 % quantiles and medians, or 0.
double top_of(const std::vector<Distribution>& columns) {
  double top = 0;
  for (const auto& column : columns) {
    const double q95 = column.quantiles[kQ95];
    if (std::isfinite(q95)) top = std::max(top, q95);
    const double median = column.quantiles[kMedian];
    if (std::isfinite(median)) top = std::max(top, median);
  }
  return top;
}

/// One character for the part of a distribution between low and high.
const char* shade(const Distribution& d, double low, double high) {
  const auto overlaps = [&](QuantileIndex a, QuantileIndex b) {
    return d.quantiles[a] < high && d.quantiles[b] >= low;
  };
  if (overlaps(kMedian, kMedian)) return "█";
  if (overlaps(kQ25, kQ75)) return "▒";
  if (overlaps(kQ05, kQ95)) return "░";
  return " ";
}

}  // namespace

std::string fan_chart(const std::vector<Distribution>& columns, const std::string& first_label,
                      const std::string& last_label) {
  const double top = top_of(columns);
  if (!(top > 0)) return "";
  const auto shown = std::min(columns.size(), kWidth);
  const auto repeat = kWidth / shown;
  const double height = std::nextafter(top, 2 * top) / kRows;
  std::string chart;
  for (int row = kRows - 1; row >= 0; --row) {
    chart += fmt::format("{:7.3f} ┤", (row + 1) * height);
    for (std::size_t x = 0; x < shown; ++x) {
      const auto* const mark =
          shade(columns[(x + 1) * columns.size() / shown - 1], row * height, (row + 1) * height);
      for (std::size_t i = 0; i < repeat; ++i) chart += mark;
    }
    chart += '\n';
  }
  const auto width = shown * repeat;
  chart += fmt::format("{:7.3f} └", 0.0);
  for (std::size_t x = 0; x < width; ++x) chart += "─";
  const auto gap = width - std::min(width, first_label.size());
  chart += fmt::format("\n{:9}{}{:>{}}\n", "", first_label, last_label, gap);
  return chart;
}

}  // namespace helmholtz::report
