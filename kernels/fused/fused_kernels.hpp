#pragma once

#include <cuda_runtime_api.h>

#include "kernels/fused/fused_task.hpp"
#include "kernels/fused/launch_plan.hpp"

namespace helmholtz::cuda {

/// Finds what the task's steps visit in epochs, on the current device, in the stream.
/// @throws CudaError
void launch_find_visits(const FusedTask& task, cudaStream_t stream);

/// Trains on the current device, in the stream. The task's pointers are the device's; its steps
/// keep the upper half of their Philox block numbers if the plan's variant is ThreadRegisters.
/// @throws CudaError
void launch_fused(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream);

}  // namespace helmholtz::cuda
