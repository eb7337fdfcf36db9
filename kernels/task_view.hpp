#pragma once

#include "fused_task.hpp"
#include "plugin_abi.h"

namespace helmholtz::cuda {

/// What of a task does not change from launch to launch; its pointers are the ensemble's.
FusedTask task_of(const helmholtz_ensemble& ensemble);

}  // namespace helmholtz::cuda
