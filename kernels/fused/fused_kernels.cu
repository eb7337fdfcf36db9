#include <algorithm>

#include "kernels/fused/fused_kernels.hpp"
#include "kernels/fused/group_machine.hpp"
#include "kernels/fused/strided_machine.hpp"
#include "kernels/fused/thread_machine.hpp"
#include "kernels/fused/warp_group.hpp"
#include "kernels/runtime/launch.hpp"
#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::cuda {

namespace {

constexpr std::uint32_t kVisitBlock = 128;

/// A thread is a machine; its weights stay in registers for all steps. Bound by issue slots:
/// global memory is touched at the start, at the end, and for one factor a step.
template <class Shape, bool nonnegative, bool chain>
__global__ void __launch_bounds__(128)
    thread_registers_kernel(const __grid_constant__ FusedTask task) {
  const std::uint32_t m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m < task.machines) ThreadMachine<Shape, nonnegative, chain>(task, m).train();
}

/// A thread is a machine; everything it has lies in shared memory, a bank a thread. Bound by
/// issue slots and by shared memory's size, which limits the machines of a multiprocessor.
template <bool reweighted>
__global__ void __launch_bounds__(256)
    thread_shared_kernel(const __grid_constant__ FusedTask task) {
  extern __shared__ float memory[];
  const std::uint32_t m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m < task.machines) train_in_block<reweighted>(task, m, memory, threadIdx.x, blockDim.x);
}

/// Several lanes are a machine; its weights lie in shared memory, [input][output], so that
/// lanes read neighbouring banks. Bound by shared memory's bandwidth and by the latency of few
/// warps. With particles, fewer than 64 registers a thread, which four blocks leave, would spill.
template <int lanes, bool reweighted>
__global__ void __launch_bounds__(256, reweighted ? 4 : 1)
    warp_shared_kernel(const __grid_constant__ FusedTask task) {
  extern __shared__ float memory[];
  train_block_in_groups<reweighted, WarpGroup<lanes>>(task, memory);
}

/// ThreadShared for machines that do not fit: the weights and what goes with them stay in global
/// memory, coalesced over machines. Bound by memory bandwidth.
template <bool reweighted>
__global__ void __launch_bounds__(32) thread_global_kernel(const __grid_constant__ FusedTask task) {
  const std::uint32_t m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m < task.machines) train_in_place<reweighted>(task, m);
}

/// A thread is a machine, and takes every gridDim.y-th of its visits. Bound by issue slots: the
/// keys of the epoch's order are drawn anew for each.
__global__ void __launch_bounds__(kVisitBlock)
    find_visits_kernel(const __grid_constant__ FusedTask task) {
  const std::uint32_t m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m >= task.machines) return;
  for (auto visit = blockIdx.y; visit < task.steps * task.batch; visit += gridDim.y) {
    find_visit(task, m, visit);
  }
}

template <class Kernel>
void launch(Kernel kernel, const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream) {
  launch(kernel, plan.blocks(task.machines), plan.block, plan.shared, stream, task);
}

template <class Shape>
void launch_registers(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream) {
  const bool chain = task.patterns.chained;
  if (task.nonnegative) {
    chain ? launch(thread_registers_kernel<Shape, true, true>, task, plan, stream)
          : launch(thread_registers_kernel<Shape, true, false>, task, plan, stream);
  } else {
    chain ? launch(thread_registers_kernel<Shape, false, true>, task, plan, stream)
          : launch(thread_registers_kernel<Shape, false, false>, task, plan, stream);
  }
}

template <bool reweighted>
void launch_group(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream) {
  switch (plan.lanes) {
    case 4:
      return launch(warp_shared_kernel<4, reweighted>, task, plan, stream);
    case 8:
      return launch(warp_shared_kernel<8, reweighted>, task, plan, stream);
    case 16:
      return launch(warp_shared_kernel<16, reweighted>, task, plan, stream);
    default:
      return launch(warp_shared_kernel<32, reweighted>, task, plan, stream);
  }
}

}  // namespace

void launch_find_visits(const FusedTask& task, cudaStream_t stream) {
  constexpr std::uint32_t kMostInGrid = 65'535;
  const dim3 grid((task.machines + kVisitBlock - 1) / kVisitBlock,
                  std::min(task.steps * task.batch, kMostInGrid));
  launch(find_visits_kernel, grid, kVisitBlock, 0, stream, task);
}

void launch_fused(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream) {
  switch (plan.variant) {
    case Variant::ThreadRegisters:
      with_register_shape(
          task.shape, [&](auto shape) { launch_registers<decltype(shape)>(task, plan, stream); });
      return;
    case Variant::ThreadShared:
      return task.reweighted() ? launch(thread_shared_kernel<true>, task, plan, stream)
                               : launch(thread_shared_kernel<false>, task, plan, stream);
    case Variant::WarpShared:
      return task.reweighted() ? launch_group<true>(task, plan, stream)
                               : launch_group<false>(task, plan, stream);
    case Variant::WarpRegisters:
      break;  // SpecialisedKernel
    case Variant::ThreadGlobal:
      return task.reweighted() ? launch(thread_global_kernel<true>, task, plan, stream)
                               : launch(thread_global_kernel<false>, task, plan, stream);
  }
}

}  // namespace helmholtz::cuda
