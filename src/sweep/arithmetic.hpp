#pragma once

#include <cstddef>
#include <string>

#include "helmholtz/sweep.hpp"

/// What training makes of value i of a sweep's lists, as bytes to compare: two values of equal
/// arithmetic are the same machines under two names.
namespace helmholtz {

std::string rate_arithmetic(const SweepSpec& spec, std::size_t i);
std::string schedule_arithmetic(const SweepSpec& spec, std::size_t i);
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i);

}  // namespace helmholtz
