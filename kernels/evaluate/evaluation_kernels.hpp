#pragma once

#include <cuda_runtime_api.h>

#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/evaluate/evaluation_task.hpp"

namespace helmholtz::cuda {

/// Fills results.diverged, out of all parameters, and the other results of those that have.
void launch_find_diverged(const EvaluationInput& input, cudaStream_t stream);

/// Fills results.kl_exact of machines that have not diverged.
void launch_exact(const ExactTask& task, cudaStream_t stream);

/// Adds to task.counts; as above.
void launch_samples(const SampleTask& task, const SamplePlan& plan, cudaStream_t stream);

/// Fills results.kl_sampled and results.unseen from the counts of all samples; as above.
void launch_counted(const SampleTask& task, cudaStream_t stream);

}  // namespace helmholtz::cuda
