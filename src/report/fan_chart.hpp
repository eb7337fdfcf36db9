#pragma once

#include <string>
#include <vector>

#include "report/quantiles.hpp"

namespace helmholtz::report {

/// A picture in text of how a distribution moves: a column per distribution, left to right; light
/// shade from the 5 % to the 95 % quantile, dark from 25 % to 75 %, a bar at the median; the axis
/// starts at 0. Empty if no median is finite.
/// @param labels  below the first and the last column
std::string fan_chart(const std::vector<Distribution>& columns, const std::string& first_label,
                      const std::string& last_label);

}  // namespace helmholtz::report
