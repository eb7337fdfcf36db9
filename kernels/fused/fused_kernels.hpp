#pragma once

#include <cuda_runtime_api.h>

#include "kernels/fused/fused_task.hpp"
#include "kernels/fused/launch_plan.hpp"

namespace helmholtz::cuda {

/// Trains on the current device, in the stream. The task's pointers are the device's; its steps
/// keep the upper half of their Philox block numbers if the plan's variant is ThreadRegisters.
/// @throws CudaError
void launch_fused(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream);

}  // namespace helmholtz::cuda
