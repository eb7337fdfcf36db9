#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

/// How a number is spread over machines; all NaN if there are none.
struct Distribution {
  std::uint64_t n = 0;
  double mean = 0;  ///< +inf if a value is
  double sd = 0;    ///< of the sample (n - 1); NaN below two values or if one is +inf
  std::array<double, kQuantiles.size()> quantiles{};
};

/// @param values  without NaN, in any order: the result depends on the values alone
Distribution describe(std::vector<double> values);
/// @param sorted  ascending, without NaN
Distribution describe_sorted(std::span<const double> sorted);

}  // namespace helmholtz::report
