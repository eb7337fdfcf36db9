#pragma once

#include <cuda_runtime_api.h>

#include "evaluation_plan.hpp"
#include "evaluation_task.hpp"

namespace helmholtz::cuda {

/// Which machines of `parameters` have diverged, out of all their parameters.
void launch_find_diverged(const ParameterView& view, std::size_t parameters, std::uint32_t machines,
                          std::uint8_t* diverged, cudaStream_t stream);

/// Fills results.kl_exact; results.diverged must be filled before.
void launch_exact(const ExactTask& task, cudaStream_t stream);

/// Adds to task.counts.
void launch_samples(const SampleTask& task, const SamplePlan& plan, cudaStream_t stream);

/// Fills results.kl_sampled and results.unseen; results.diverged must be filled before.
void launch_counted(const CountedTask& task, cudaStream_t stream);

}  // namespace helmholtz::cuda
