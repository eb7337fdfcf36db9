#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace helmholtz::report {

/// The quantile at p in [0, 1], interpolated between order statistics at p * (n - 1) (type 7 of
/// Hyndman & Fan 1996, as in NumPy and R). +inf where it lies above the largest finite value; NaN
/// for no values.
/// @param sorted  ascending, without NaN
double quantile(std::span<const double> sorted, double p);

/// The quantiles that summaries hold.
inline constexpr std::array kQuantiles = {0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0};

/// Where they lie in Distribution::quantiles.
enum QuantileIndex : std::size_t { kMin, kQ05, kQ25, kMedian, kQ75, kQ95, kMax };

inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// How a number is spread over machines; all NaN if there are none.
struct Distribution {
  std::uint64_t n = 0;
  double mean = kUndefined;  ///< +inf if a value is
  double sd = kUndefined;    ///< of the sample (n - 1); NaN below two values or if one is +inf
  std::array<double, kQuantiles.size()> quantiles{};

  /// The largest finite one of the 95 %, the 75 % quantile and the median; 0 if none is.
  [[nodiscard]] double upper_end() const;
};

/// @param values  without NaN, in any order: the result depends on the values alone
Distribution describe(std::vector<double> values);
/// @param sorted  ascending, without NaN
Distribution describe_sorted(std::span<const double> sorted);

/// The ends of an axis.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  void include(const Range& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
  }
  [[nodiscard]] bool is_empty() const { return !(low <= high); }
  /// 0 for an empty one.
  [[nodiscard]] double width() const { return is_empty() ? 0 : high - low; }
};

/// An axis for distributions over time: from 0 to the largest upper_end() where lower is better;
/// where higher is better, from the lowest 5 % quantile to the highest 95 % quantile.
Range axis_of(std::span<const Distribution> distributions, bool higher_is_better);

/// The confidence level of every interval of a report.
inline constexpr double kConfidence = 0.95;

/// Where a number lies with confidence kConfidence; NaN: undefined.
struct Interval {
  double low = kUndefined;
  double high = kUndefined;
};

/// A number and its interval; NaN: undefined.
struct Estimate {
  double value = kUndefined;
  Interval interval;
};

/// A share of `n` and its interval (Clopper & Pearson 1934, by Boost.Math): exact, so it covers
/// the true share at least that often. All NaN for n = 0.
Estimate share_of(std::uint64_t count, std::uint64_t n);

/// Fewer values than this have no interval of their mean: their extremes would be its ends.
inline constexpr std::size_t kFewestValues = 8;

/// The mean of the middle half of the values: a quarter of their weight is cut off at each end,
/// parts of a value included, so every n counts alike (the 25 % trimmed mean; Agarwal et al. 2021
/// recommend it for comparing training runs). +inf if an infinite value lies in the middle half;
/// NaN for no values.
///
/// Its interval is a percentile interval of the bootstrap (Efron 1979), at a cost that does not
/// grow with the number of values. Sorted values fall into at most 64 groups of equal size; a
/// replicate gives a group of k values the weight Poisson(k) (the Poisson bootstrap; above k = 64 a
/// normal of the same moments). What the spread within a group would add to the variance of the
/// middle half's mean is of order (1 / 32)^2 of it. The draws are addressed, so the interval is a
/// function of the values alone.
/// @param sorted  ascending, without NaN
Estimate interquartile_mean(std::span<const double> sorted);

}  // namespace helmholtz::report
