#pragma once

#include "fused_task.hpp"
#include "plugin_abi.h"

namespace helmholtz::cuda {

/// The world's patterns; its pointers are the ensemble's.
PatternTable patterns_of(const helmholtz_ensemble& ensemble);

/// What of a task does not change from launch to launch; its pointers are the ensemble's.
FusedTask task_of(const helmholtz_ensemble& ensemble);

}  // namespace helmholtz::cuda
