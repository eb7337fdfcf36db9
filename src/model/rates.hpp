#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/ensemble.hpp"

namespace helmholtz {

/// What every learning rate of a setting is multiplied with at a step: the schedule's factor, over
/// the batch size when rows are averaged. The exact class rounds it to float, and then the product
/// float(rate) * float(factor) once more. Of sgd: other optimisers have error_weight() in the
/// gradient, and the schedule's factor alone here.
inline double rate_factor(const Ensemble& ensemble, const Schedule& schedule, std::uint64_t step) {
  const double rows = ensemble.reduction == BatchReduction::mean ? ensemble.batch : 1;
  return schedule.factor(step) / rows;
}

/// Floats of an optimiser's state: the means of all parameters, then those of the recognition
/// network once more where it learns in both phases.
inline std::size_t optimizer_state_floats(const Hyperparameters& own, std::size_t parameters,
                                          std::size_t recognition_parameters) {
  return static_cast<std::size_t>(own.optimizer.means()) *
         (parameters + (own.rates.learn_awake() ? recognition_parameters : 0));
}

/// What the errors of a batch enter its gradient with.
inline double error_weight(const Ensemble& ensemble) {
  return ensemble.reduction == BatchReduction::mean ? 1.0 / ensemble.batch : 1;
}

}  // namespace helmholtz
