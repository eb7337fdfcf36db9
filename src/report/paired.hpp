#pragma once

#include <cstdint>
#include <span>

#include "report/bootstrap.hpp"
#include "report/interval.hpp"
#include "report/quantiles.hpp"

namespace helmholtz::report {

/// Two configurations on the same seeds: each seed is a pair of machines that saw the same draws.
///
/// A machine is better if its KL is lower; one that diverged is worse than any that did not, also
/// than one at +inf. Two that diverged, or two equal values, are a tie. Differences are taken
/// where both are finite; every seed counts for the share and the test.
struct PairedComparison {
  std::uint64_t pairs = 0;
  std::uint64_t a_better = 0;
  std::uint64_t b_better = 0;
  std::uint64_t diverged = 0;     ///< pairs without a difference: a machine diverged
  std::uint64_t infinite = 0;     ///< pairs without a difference: none diverged, one is at +inf
  Distribution difference = {};   ///< KL of A minus KL of B, nats; n: pairs of finite ones
  double interquartile_mean = 0;  ///< of the differences, nats
  Interval interquartile_mean_interval = {};  ///< by the bootstrap
  Share a_share = {};                         ///< in which A is better, among pairs without a tie
  /// Two-sided sign test (Arbuthnot 1710; Conover 1999, 3.4): the probability of a split at least
  /// as uneven among pairs without a tie if both were equally often better; binomial, exact, by
  /// Boost.Math. NaN if all are ties.
  double p_value = 0;

  [[nodiscard]] std::uint64_t ties() const { return pairs - a_better - b_better; }
};

/// @param a, b  the KL of machines with the same seeds in the same order, nats; NaN: diverged
PairedComparison compare(std::span<const double> a, std::span<const double> b,
                         const Bootstrap& bootstrap);

}  // namespace helmholtz::report
