#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Trains machines of one configuration again, from nothing but their numbers.
/// @param advanced  gets the machine-steps of each piece of work
/// @return [machines x parameters] after the last step; empty after a stop request
std::vector<float> replay(const SweepSpec& spec, std::span<const std::uint64_t> machines,
                          const std::function<bool()>& stop_requested,
                          const std::function<void(double)>& advanced);

/// Trains one machine again and evaluates it where the sweep did.
/// @param evaluated  gets each evaluation's number and result
/// @return its parameters after the last step; empty after a stop request
std::vector<float> replay(const SweepSpec& spec, std::uint64_t machine,
                          const std::function<void(std::uint64_t, const Evaluation&)>& evaluated,
                          const std::function<bool()>& stop_requested);

}  // namespace helmholtz
