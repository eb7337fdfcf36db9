#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "helmholtz/sweep.hpp"
#include "sweep/paced.hpp"

namespace helmholtz {

/// Gets the number and the result of an evaluation of the first machine.
using ReplayedEvaluation = std::function<void(std::uint64_t, const Evaluation&)>;

/// Trains machines of one configuration again, from nothing but their numbers.
/// @param evaluated  where the sweep evaluates; empty: nothing is evaluated
/// @return their trainer after the last step; nothing after a stop request
std::optional<Trainer> replay(const SweepSpec& spec, std::span<const std::uint64_t> machines,
                              const PacedCallbacks& callbacks,
                              const ReplayedEvaluation& evaluated = {});

}  // namespace helmholtz
