#include <algorithm>

#include "kernels/evaluate/evaluation_kernels.hpp"
#include "kernels/evaluate/exact_machine.hpp"
#include "kernels/evaluate/sample_machine.hpp"
#include "kernels/runtime/launch.hpp"
#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::cuda {

namespace {

constexpr std::uint32_t kThreads = 128;

/// A thread is a machine; reads are coalesced over machines. Bound by memory bandwidth.
__global__ void __launch_bounds__(kThreads)
    diverged_kernel(const __grid_constant__ EvaluationInput input) {
  const std::uint32_t m = blockIdx.x * kThreads + threadIdx.x;
  if (m < input.machines.count) find_diverged(input, m);
}

/// A thread is a machine; its arrays of doubles lie beside those of its block, so accesses are
/// coalesced. Bound by memory: the arrays of all resident blocks exceed L2 (predicted).
__global__ void __launch_bounds__(ExactTask::kLanes)
    exact_kernel(const __grid_constant__ ExactTask task) {
  for (std::uint32_t group = blockIdx.x; group * ExactTask::kLanes < task.machines.count;
       group += gridDim.x) {
    const auto i = group * ExactTask::kLanes + threadIdx.x;
    if (i < task.machines.count) evaluate_exactly(task, i, blockIdx.x, threadIdx.x);
  }
}

/// Copies a machine's generative parameters to shared memory, for all threads of the block.
__device__ void stage(const SampleTask& task, std::uint32_t m, float* staged) {
  const float* const own = task.parameters.machine(m);
  for (std::size_t k = threadIdx.x; k < task.shape.generative_parameters(); k += blockDim.x) {
    staged[k] = own[k * task.parameters.parameter_stride];
  }
}

__device__ std::uint32_t warp_sum(std::uint32_t x) {
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_down_sync(0xFFFFFFFFU, x, offset);
  return x;  // in lane 0
}

/// What a block counts with, its shared memory from `shared` on.
__device__ BlockCounts counts_of(const SampleTask& task, float* shared, bool histogram) {
  return {task, blockIdx.x, reinterpret_cast<std::uint32_t*>(shared), histogram};
}

/// A thread is a sample, a block a machine or a part of its samples. Few patterns: each thread
/// counts in registers; more: found by halving and counted by the block. Bound by issue slots.
template <class Shape, bool compared>
__global__ void __launch_bounds__(kSampleBlock)
    register_sample_kernel(const __grid_constant__ SampleTask task, bool histogram) {
  extern __shared__ float memory[];
  const auto m = task.machines[blockIdx.x];
  stage(task, m, memory);
  const auto counts = counts_of(task, memory + Shape::generative_parameters(), histogram);
  counts.clear(threadIdx.x, blockDim.x);
  __syncthreads();
  const RegisterSampler<Shape> sampler(memory, task.seeds[m]);
  std::uint32_t seen[PatternIndex::kCompared] = {};
  const auto stride = gridDim.y * blockDim.x;
  for (std::uint64_t n = blockIdx.y * blockDim.x + threadIdx.x; n < task.samples; n += stride) {
    const auto sample = task.first_sample + static_cast<std::uint32_t>(n);
    const auto pattern = sampler.pattern(task.first_block, sample);
    if constexpr (compared) {
      repeat<PatternIndex::kCompared>([&](int k) HELMHOLTZ_DEVICE_BODY {
        seen[k] += pattern == task.index.first[k] ? 1U : 0U;
      });
    } else {
      counts.count(find_pattern(task.index, pattern));
    }
  }
  if constexpr (compared) {
    repeat<PatternIndex::kCompared>([&](int k) HELMHOLTZ_DEVICE_BODY {
      const auto sum = warp_sum(seen[k]);
      if (threadIdx.x % 32 == 0) counts.add(static_cast<std::uint32_t>(k), sum);
    });
  } else {
    __syncthreads();
    counts.add_up(threadIdx.x, blockDim.x);
  }
}

/// The same for any topology, states in shared memory.
template <bool staged_parameters>
__global__ void __launch_bounds__(kSampleBlock)
    strided_sample_kernel(const __grid_constant__ SampleTask task, bool histogram) {
  extern __shared__ float memory[];
  const auto m = task.machines[blockIdx.x];
  Strided<const float> parameters{task.parameters.machine(m),
                                  static_cast<std::uint32_t>(task.parameters.parameter_stride)};
  float* units = memory;
  if constexpr (staged_parameters) {
    stage(task, m, memory);
    parameters = {memory, 1};
    units += task.shape.generative_parameters();
  }
  const auto states = static_cast<std::uint32_t>(task.shape.units()) * blockDim.x;
  const auto counts = counts_of(task, units + states, histogram);
  counts.clear(threadIdx.x, blockDim.x);
  __syncthreads();
  StridedSampler sampler(task, parameters, task.seeds[m], {units + threadIdx.x, blockDim.x});
  const auto stride = gridDim.y * blockDim.x;
  for (std::uint64_t n = blockIdx.y * blockDim.x + threadIdx.x; n < task.samples; n += stride) {
    counts.count(sampler.pattern(task.first_sample + static_cast<std::uint32_t>(n)));
  }
  __syncthreads();
  counts.add_up(threadIdx.x, blockDim.x);
}

__global__ void __launch_bounds__(kThreads)
    counted_kernel(const __grid_constant__ SampleTask task) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i < task.machines.count) evaluate_counts(task, i);
}

/// A thread per machine.
template <class Kernel, class Task>
void launch_machines(Kernel kernel, const Task& task, cudaStream_t stream) {
  launch(kernel, (task.machines.count + kThreads - 1) / kThreads, kThreads, 0, stream, task);
}

template <class Kernel>
void launch_sampler(Kernel kernel, const SampleTask& task, const SamplePlan& plan,
                    cudaStream_t stream) {
  launch(kernel, dim3(task.machines.count, plan.parts), plan.block, plan.shared, stream, task,
         plan.histogram);
}

}  // namespace

void launch_find_diverged(const EvaluationInput& input, cudaStream_t stream) {
  launch_machines(diverged_kernel, input, stream);
}

void launch_exact(const ExactTask& task, cudaStream_t stream) {
  launch(exact_kernel, task.groups, ExactTask::kLanes, 0, stream, task);
}

void launch_samples(const SampleTask& task, const SamplePlan& plan, cudaStream_t stream) {
  if (!plan.registers) {
    plan.staged ? launch_sampler(strided_sample_kernel<true>, task, plan, stream)
                : launch_sampler(strided_sample_kernel<false>, task, plan, stream);
    return;
  }
  with_register_shape(task.shape, [&](auto shape) {
    using Shape = decltype(shape);
    task.index.compared ? launch_sampler(register_sample_kernel<Shape, true>, task, plan, stream)
                        : launch_sampler(register_sample_kernel<Shape, false>, task, plan, stream);
  });
}

void launch_counted(const SampleTask& task, cudaStream_t stream) {
  launch_machines(counted_kernel, task, stream);
}

}  // namespace helmholtz::cuda
