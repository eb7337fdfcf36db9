#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "report/distribution.hpp"

namespace helmholtz::report {

/// The mean of the middle half of the values: a quarter of their weight is cut off at each end,
/// parts of a value included, so every n counts alike (the 25 % trimmed mean; Agarwal et al. 2021
/// recommend it for comparing training runs). +inf if an infinite value lies in the middle half;
/// NaN for no values.
/// @param sorted  ascending, without NaN
double interquartile_mean(std::span<const double> sorted);

/// Percentile intervals of the interquartile mean (Efron 1979), at a cost that does not grow with
/// the number of values.
///
/// Sorted values fall into at most 64 groups of equal size; a replicate gives a group of k values
/// the weight Poisson(k) (the Poisson bootstrap; above k = 64 a normal of the same moments). What
/// the spread within a group would add to the variance of the middle half's mean is of order
/// (1 / 32)^2 of it. The draws are addressed, so the interval is a function of the values alone.
class Bootstrap {
 public:
  static constexpr std::size_t kReplicates = 1000;
  static constexpr std::size_t kGroups = 64;
  /// Fewer values than this have no interval: their extremes would be its ends.
  static constexpr std::size_t kFewestValues = 8;

  Bootstrap();

  /// @param sorted  ascending, without NaN
  [[nodiscard]] Interval interquartile_mean_interval(std::span<const double> sorted) const;

 private:
  static constexpr std::size_t kLevels = 4096;  // of the weights' distribution functions

  using WeightTable = std::vector<double>;  // [kLevels]
  [[nodiscard]] WeightTable weights_of(std::size_t size) const;

  std::vector<std::uint16_t> levels_;  // [kReplicates x kGroups]
  std::vector<double> normal_;         // [kLevels], standard normal quantiles
};

}  // namespace helmholtz::report
