#pragma once

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

/// What the errors of a batch enter its gradient with.
inline double error_weight(const Ensemble& ensemble) {
  return ensemble.reduction == BatchReduction::mean ? 1.0 / ensemble.batch : 1;
}

}  // namespace helmholtz
