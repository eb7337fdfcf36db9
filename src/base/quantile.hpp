#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

namespace helmholtz {

/// The quantile at p in [0, 1] of n sorted values, interpolated between order statistics at
/// p * (n - 1) (type 7 of Hyndman & Fan 1996, as in NumPy and R); NaN for n = 0.
/// @param value  value(i): the i-th smallest, i < n
template <class Value>
double quantile(std::size_t n, double p, Value value) {
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  const double position = p * static_cast<double>(n - 1);
  const auto low = std::min(static_cast<std::size_t>(position), n - 1);
  const double fraction = position - static_cast<double>(low);
  const double below = value(low);
  if (fraction == 0) return below;
  const double above = value(low + 1);
  // Equal neighbours are taken as they are: inf - inf is no number.
  return above == below ? below : below + fraction * (above - below);
}

}  // namespace helmholtz
