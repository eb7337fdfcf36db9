#include "kernels/layered/layered_kernels.hpp"
#include "kernels/layered/layered_learning.hpp"
#include "kernels/layered/layered_machine.hpp"
#include "kernels/layered/layered_plan.hpp"
#include "kernels/runtime/launch.hpp"

namespace helmholtz::cuda {

namespace {

/// body(machine, item) for the items of one x and the machines of one y.
template <class Task, class Body>
__device__ __forceinline__ void for_each_machine(const Task& task, std::uint32_t items, Body body) {
  const std::uint32_t item = blockIdx.x * blockDim.x + threadIdx.x;
  if (item >= items) return;
  for (std::uint32_t m = blockIdx.y; m < task.machines; m += gridDim.y) body(m, item);
}

/// A thread finds a row's pattern and writes 32 of its units, neighbours the same units of the next
/// rows. Bound by the latency of the search in worlds of many patterns, else by the stores; in
/// epochs and with grey rows by issue slots (predicted).
template <class Memory, Visits visits>
__global__ void __launch_bounds__(256)
    pattern_kernel(const __grid_constant__ LayeredTask task, std::uint32_t items) {
  for_each_machine(task, items, [&](std::uint32_t m, std::uint32_t item) {
    draw_pattern<Memory, visits>(task, m, item);
  });
}

/// A thread takes one Philox block: four units of a row, neighbours the same units of the next
/// rows. Bound by issue slots (Philox and the sigmoids), then by memory: 8 bytes per unit.
template <class Memory>
__global__ void __launch_bounds__(256)
    sample_kernel(const __grid_constant__ LayeredTask task,
                  const __grid_constant__ LayeredLayer layer, std::uint32_t items) {
  for_each_machine(task, items, [&](std::uint32_t m, std::uint32_t item) {
    sample<Memory>(task, layer, m, item);
  });
}

/// A thread takes a column: all units of a network, one after the other, neighbours the next
/// columns. Bound by latency for few columns, then by memory, 8 bytes per unit and column.
template <class Memory>
__global__ void __launch_bounds__(256)
    score_kernel(const __grid_constant__ LayeredTask task, Network network, std::uint32_t items) {
  for_each_machine(task, items, [&](std::uint32_t m, std::uint32_t item) {
    score<Memory>(task, network, m, item);
  });
}

/// A thread takes the particles of a batch row. Bound by latency.
__global__ void __launch_bounds__(256)
    weigh_kernel(const __grid_constant__ LayeredTask task, std::uint32_t items) {
  for_each_machine(task, items, [&](std::uint32_t m, std::uint32_t item) { weigh(task, m, item); });
}

/// task.lanes threads take a unit: each its columns, then their sums meet in a tree. Bound by
/// memory, 12 bytes per unit and column.
template <class Memory>
__global__ void __launch_bounds__(kErrorBlock)
    error_kernel(const __grid_constant__ LayeredTask task, Network network) {
  __shared__ float sums[kErrorBlock];
  const std::uint32_t lane = threadIdx.x % task.lanes;
  const std::uint32_t item = (blockIdx.x * kErrorBlock + threadIdx.x) / task.lanes;
  const int u = static_cast<int>(item);
  const bool used = u < task.shape.units(network);
  for (std::uint32_t m = blockIdx.y; m < task.machines; m += gridDim.y) {
    sums[threadIdx.x] = used ? find_errors<Memory>(task, network, m, u, lane) : 0.0F;
    for (std::uint32_t half = task.lanes / 2; half > 0; half /= 2) {
      __syncthreads();
      if (lane < half) {
        sums[threadIdx.x] = FloatOps::add(sums[threadIdx.x], sums[threadIdx.x + half]);
      }
    }
    if (used && lane == 0) learn_bias(task, network, m, u, sums[threadIdx.x]);
    __syncthreads();
  }
}

/// A thread per parameter. Bound by memory: 20 bytes each with one mean, 28 with two.
__global__ void __launch_bounds__(256)
    follow_kernel(const __grid_constant__ LayeredTask task, Network network, std::uint32_t items) {
  for_each_machine(task, items,
                   [&](std::uint32_t m, std::uint32_t item) { follow(task, network, m, item); });
}

/// A thread per weight. Bound by memory.
__global__ void __launch_bounds__(256)
    clamp_kernel(const __grid_constant__ LayeredTask task, std::uint32_t items) {
  for_each_machine(task, items,
                   [&](std::uint32_t m, std::uint32_t item) { clamp_weight(task, m, item); });
}

/// A thread per parameter. Bound by memory, 10 bytes each.
__global__ void __launch_bounds__(256)
    split_kernel(const __grid_constant__ LayeredTask task, Network network, std::uint32_t items) {
  for_each_machine(task, items, [&](std::uint32_t m, std::uint32_t item) {
    split_weight(task, network, m, item);
  });
}

/// A thread per parameter. Bound by memory, 8 bytes each.
__global__ void __launch_bounds__(256)
    gather_kernel(const __grid_constant__ GatherTask task, std::uint32_t items) {
  for_each_machine(task, items,
                   [&](std::uint32_t m, std::uint32_t item) { gather_parameter(task, m, item); });
}

__global__ void advance_kernel(const __grid_constant__ LayeredTask task) { advance(task); }

template <class Kernel, class... Arguments>
void launch(Kernel kernel, const Grid& grid, cudaStream_t stream, const Arguments&... arguments) {
  launch(kernel, dim3(grid.x, grid.y), grid.block, 0, stream, arguments...);
}

template <class Kernel, class Task, class... Arguments>
void launch_items(Kernel kernel, std::uint64_t items, cudaStream_t stream, const Task& task,
                  const Arguments&... arguments) {
  const auto grid = grid_of(items, task.machines);
  launch(kernel, grid, stream, task, arguments..., grid.items);
}

std::uint64_t columns_of(const LayeredTask& task) {
  return static_cast<std::uint64_t>(task.shape.columns());
}

}  // namespace

void launch_draw_patterns(const LayeredTask& task, cudaStream_t stream) {
  with_visits(task, [&](auto visits) {
    constexpr auto kVisits = decltype(visits)::value;
    launch_items(task.math == Math::bf16x3 ? pattern_kernel<Bf16Memory, kVisits>
                                           : pattern_kernel<FloatMemory, kVisits>,
                 task.patterns.words_per_pattern * columns_of(task), stream, task);
  });
}

void launch_sample(const LayeredTask& task, const LayeredLayer& layer, cudaStream_t stream) {
  launch_items(task.math == Math::bf16x3 ? sample_kernel<Bf16Memory> : sample_kernel<FloatMemory>,
               blocks_of(layer) * columns_of(task), stream, task, layer);
}

void launch_score(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_items(task.math == Math::bf16x3 ? score_kernel<Bf16Memory> : score_kernel<FloatMemory>,
               columns_of(task), stream, task, network);
}

void launch_weigh(const LayeredTask& task, cudaStream_t stream) {
  launch_items(weigh_kernel, columns_of(task) / task.particles, stream, task);
}

void launch_find_errors(const LayeredTask& task, Network network, cudaStream_t stream) {
  const auto threads = static_cast<std::uint64_t>(task.shape.units(network)) * task.lanes;
  auto grid = grid_of(threads, task.machines);
  grid.x = static_cast<std::uint32_t>((threads + kErrorBlock - 1) / kErrorBlock);
  grid.block = kErrorBlock;  // the tree of sums takes whole blocks
  launch(task.math == Math::bf16x3 ? error_kernel<Bf16Memory> : error_kernel<FloatMemory>, grid,
         stream, task, network);
}

void launch_follow(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_items(follow_kernel, task.shape.end(network) - task.shape.begin(network), stream, task,
               network);
}

void launch_clamp(const LayeredTask& task, cudaStream_t stream) {
  const auto& visible = task.shape.visible();
  launch_items(clamp_kernel,
               static_cast<std::uint64_t>(visible.outputs) * static_cast<unsigned>(visible.stride),
               stream, task);
}

void launch_split_weights(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_items(split_kernel, task.shape.end(network) - task.shape.begin(network), stream, task,
               network);
}

void launch_advance(const LayeredTask& task, cudaStream_t stream) {
  launch(advance_kernel, {.block = 1}, stream, task);
}

void launch_gather(const GatherTask& task, cudaStream_t stream) {
  launch_items(gather_kernel, task.shape.parameters(), stream, task);
}

}  // namespace helmholtz::cuda
