// What specialised_source() writes for a few topologies, for budgets.py to count: NVRTC and nvcc
// make the same code of it.
#include "kernels/fused/thread_machine.hpp"
#include "kernels/fused/warp_group.hpp"

namespace helmholtz::cuda {

template <class Shape>
__global__ void __launch_bounds__(128)
    thread_registers_kernel(const __grid_constant__ FusedTask task) {
  const unsigned m = blockIdx.x * blockDim.x + threadIdx.x;
  if (m < task.machines) ThreadMachine<Shape, false, false>(task, m).train();
}
template __global__ void thread_registers_kernel<step::StaticShape<2, 5, 8>>(
    const __grid_constant__ FusedTask);

template <class Shape, bool reweighted, int lanes>
__global__ void __launch_bounds__(128)
    warp_registers_kernel(const __grid_constant__ FusedTask task) {
  extern __shared__ float memory[];
  train_block_in_lanes<Shape, reweighted, WarpGroup<lanes>>(task, memory);
}
template __global__ void warp_registers_kernel<step::StaticShape<1, 8, 16>, false, 4>(
    const __grid_constant__ FusedTask);
template __global__ void warp_registers_kernel<step::StaticShape<4, 16, 32>, false, 8>(
    const __grid_constant__ FusedTask);
template __global__ void warp_registers_kernel<step::StaticShape<8, 16, 32, 64>, false, 32>(
    const __grid_constant__ FusedTask);
template __global__ void warp_registers_kernel<step::StaticShape<1, 6, 9>, true, 4>(
    const __grid_constant__ FusedTask);

}  // namespace helmholtz::cuda
