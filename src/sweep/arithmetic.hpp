#pragma once

#include <cstddef>
#include <string>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// A number above 0 that training takes for 0 is another name for 0.
/// @throws InvalidArgument naming the field
void require_no_underflow(const SweepSpec& spec);

// What training makes of value i of a sweep's lists, as bytes to compare: two values of equal
// arithmetic are the same machines under two names.
std::string rate_arithmetic(const SweepSpec& spec, std::size_t i);
std::string schedule_arithmetic(const SweepSpec& spec, std::size_t i);
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i);

}  // namespace helmholtz
