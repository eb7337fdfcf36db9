#pragma once

#include <cstdint>
#include <limits>

namespace helmholtz::report {

/// How sure every interval of a report is meant to be.
inline constexpr double kConfidence = 0.95;

/// Where a number lies with confidence kConfidence; NaN: too little is known to say.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// A share of `n` and its interval (Clopper & Pearson 1934, by Boost.Math): exact, so it covers
/// the true share at least as often as it says. All NaN for n = 0.
struct Share {
  double value = std::numeric_limits<double>::quiet_NaN();
  Interval interval;
};
Share share_of(std::uint64_t count, std::uint64_t n);

}  // namespace helmholtz::report
