#include "report/quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/quantile.hpp"

namespace helmholtz::report {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The mean and the sample's standard deviation, added up in the order of the values.
void set_moments(std::span<const double> sorted, Distribution& out) {
  const auto n = static_cast<double>(sorted.size());
  out.mean = out.sd = kNaN;
  if (sorted.empty()) return;
  double sum = 0;
  for (const double x : sorted) sum += x;
  out.mean = sum / n;
  if (sorted.size() < 2 || !std::isfinite(out.mean)) return;
  double squares = 0;
  for (const double x : sorted) squares += (x - out.mean) * (x - out.mean);
  out.sd = std::sqrt(squares / (n - 1));
}

}  // namespace

double quantile(std::span<const double> sorted, double p) {
  return helmholtz::quantile(sorted.size(), p, [&](std::size_t i) { return sorted[i]; });
}

Distribution describe(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return describe_sorted(values);
}

Distribution describe_sorted(std::span<const double> sorted) {
  Distribution out{.n = sorted.size()};
  set_moments(sorted, out);
  for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
    out.quantiles[q] = quantile(sorted, kQuantiles[q]);
  }
  return out;
}

}  // namespace helmholtz::report
