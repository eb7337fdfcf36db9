#pragma once

#include "helmholtz/layer_shape.hpp"
#include "kernels/plugin/plugin_abi.h"
#include "kernels/runtime/step_tables.hpp"

/// An ensemble as plans and kernels take it.
namespace helmholtz::cuda {

/// Its topology.
inline LayerShape shape_of(const helmholtz_ensemble& ensemble) {
  return {ensemble.layer_sizes, static_cast<int>(ensemble.layers)};
}

/// The world's patterns; its pointers are the ensemble's.
PatternTable patterns_of(const helmholtz_ensemble& ensemble);

/// Points a task's tables at the ensemble's, but for factors.
template <class Task>
void view_tables(Task& task, const helmholtz_ensemble& ensemble) {
  task.patterns = patterns_of(ensemble);
  task.seeds = ensemble.seeds;
  task.settings = ensemble.setting;
  task.rates = ensemble.rates;
  task.schedules = ensemble.schedule;
  task.nonnegative = ensemble.nonnegative != 0;
}

}  // namespace helmholtz::cuda
