#pragma once

#include "kernels/fused/fused_task.hpp"
#include "kernels/plugin/plugin_abi.h"

namespace helmholtz::cuda {

/// The world's patterns; its pointers are the ensemble's.
PatternTable patterns_of(const helmholtz_ensemble& ensemble);

/// Points a FusedTask's or LayeredTask's tables at the ensemble's, but for factors.
template <class Task>
void view_tables(Task& task, const helmholtz_ensemble& ensemble) {
  task.patterns = patterns_of(ensemble);
  task.seeds = ensemble.seeds;
  task.settings = ensemble.setting;
  task.rates = ensemble.rates;
  task.schedules = ensemble.schedule;
  task.nonnegative = ensemble.nonnegative != 0;
}

/// What of a task does not change from launch to launch; its pointers are the ensemble's.
FusedTask task_of(const helmholtz_ensemble& ensemble);

}  // namespace helmholtz::cuda
