#include "report/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/binomial.hpp>

#include "base/quantile.hpp"

namespace helmholtz::report {

double quantile(std::span<const double> sorted, double p) {
  return helmholtz::quantile(sorted.size(), p, [&](std::size_t i) { return sorted[i]; });
}

double Distribution::upper_end() const {
  for (const auto q : {kQ95, kQ75, kMedian}) {
    if (std::isfinite(quantiles[q])) return quantiles[q];
  }
  return 0;
}

Range axis_of(std::span<const Distribution> distributions, bool higher_is_better) {
  Range axis;
  for (const auto& d : distributions) {
    if (d.n == 0) continue;
    if (higher_is_better) {
      axis.include(d.quantiles[kQ05]);
      axis.include(d.quantiles[kQ95]);
    } else {
      axis.include(Range{.low = 0, .high = d.upper_end()});
    }
  }
  return axis;
}

Distribution describe(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return describe_sorted(values);
}

Distribution describe_sorted(std::span<const double> sorted) {
  Distribution out{.n = sorted.size()};
  for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
    out.quantiles[q] = quantile(sorted, kQuantiles[q]);
  }
  if (sorted.empty()) return out;
  const auto n = static_cast<double>(sorted.size());
  out.mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / n;
  if (sorted.size() < 2 || !std::isfinite(out.mean)) return out;
  double squares = 0;
  for (const double x : sorted) squares += (x - out.mean) * (x - out.mean);
  out.sd = std::sqrt(squares / (n - 1));
  return out;
}

Estimate share_of(std::uint64_t count, std::uint64_t n) {
  if (n == 0) return {};
  using Binomial = boost::math::binomial_distribution<double>;
  const auto successes = static_cast<double>(count);
  const auto trials = static_cast<double>(n);
  const double tail = (1 - kConfidence) / 2;
  return {.value = successes / trials,
          .interval = {.low = Binomial::find_lower_bound_on_p(trials, successes, tail),
                       .high = Binomial::find_upper_bound_on_p(trials, successes, tail)}};
}

}  // namespace helmholtz::report
