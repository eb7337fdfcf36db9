#pragma once

#include <cstdint>
#include <limits>

namespace helmholtz::report {

/// The confidence level of every interval of a report.
inline constexpr double kConfidence = 0.95;

/// Where a number lies with confidence kConfidence; NaN: undefined.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// A share of `n` and its interval (Clopper & Pearson 1934, by Boost.Math): exact, so it covers
/// the true share at least that often. All NaN for n = 0.
struct Share {
  double value = std::numeric_limits<double>::quiet_NaN();
  Interval interval;
};
Share share_of(std::uint64_t count, std::uint64_t n);

}  // namespace helmholtz::report
