#pragma once

#include <cuda_runtime_api.h>

#include "kernels/layered/layered_task.hpp"

namespace helmholtz::cuda {

/// Each launches one kernel on the current device, in the stream; the task's pointers are the
/// device's. What those of a step do is said by LayeredQueue's function of the same name.
/// @throws CudaError
void launch_draw_patterns(const LayeredTask& task, cudaStream_t stream);
void launch_sample(const LayeredTask& task, const LayeredLayer& layer, cudaStream_t stream);
void launch_score(const LayeredTask& task, Network network, cudaStream_t stream);
void launch_weigh(const LayeredTask& task, cudaStream_t stream);
void launch_find_errors(const LayeredTask& task, Network network, cudaStream_t stream);
void launch_follow(const LayeredTask& task, Network network, cudaStream_t stream);
void launch_clamp(const LayeredTask& task, cudaStream_t stream);
void launch_split_weights(const LayeredTask& task, Network network, cudaStream_t stream);
void launch_advance(const LayeredTask& task, cudaStream_t stream);
void launch_gather(const GatherTask& task, cudaStream_t stream);

}  // namespace helmholtz::cuda
