#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "helmholtz/trainer.hpp"
#include "sweep/pace.hpp"

/// Long work in short pieces, so that a stop request is honoured soon.
namespace helmholtz {

struct PacedCallbacks {
  std::function<bool()> stop_requested;  ///< asked before each piece, and between samples
  std::function<void(double)> advanced = [](double) {};  ///< gets the machine-steps of each piece
};

/// Trains up to step number `step`. @return false after a stop request
bool train_to(std::uint64_t step, Trainer& trainer, Pace& pace, const PacedCallbacks& callbacks);

/// Evaluates all machines. @return false after a stop request
/// @param pace  in machines
bool evaluate_all(Trainer& trainer, EvaluationOptions options, Pace& pace,
                  const PacedCallbacks& callbacks, std::vector<Evaluation>& out);

}  // namespace helmholtz
