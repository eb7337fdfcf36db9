#pragma once

#include <cstdint>

#include "kernels/fused/group_machine.hpp"

namespace helmholtz::cuda {

/// The lanes of one machine, side by side in a warp (`Group` of group_layers.hpp). All groups of a
/// warp go through the same steps, so that votes and barriers are those of the whole warp.
template <int n>
class WarpGroup {
 public:
  static __device__ __forceinline__ constexpr int lanes() { return n; }
  static __device__ __forceinline__ constexpr int slot(int /*lane*/) { return 0; }
  template <class Body>
  __device__ __forceinline__ void for_each_lane(Body body) const {
    body(static_cast<int>(threadIdx.x % n));
  }
  template <class Body>
  __device__ __forceinline__ std::uint32_t ballot(Body body) const {
    const auto on = __ballot_sync(~0U, body(static_cast<int>(threadIdx.x % n)));
    return n == 32 ? on : (on >> (threadIdx.x % 32 / n * n)) & ((1U << n % 32) - 1);
  }
  __device__ __forceinline__ void sync() const { __syncwarp(); }
};

/// Which machine a group of this block trains, and where it works. Groups behind the last machine
/// are inactive: they take its steps from zero weights, for the sake of their warp's votes.
template <class Group>
struct Assignment {
  static constexpr std::uint32_t kLanes = Group::lanes();
  std::uint32_t in_block = threadIdx.x / kLanes;
  std::uint32_t m = blockIdx.x * (blockDim.x / kLanes) + in_block;

  __device__ __forceinline__ GroupTask of(const FusedTask& task) const {
    return {m < task.machines ? m : task.machines - 1, m < task.machines};
  }
};

/// Trains the machines of this block of threads; `memory` is the block's.
template <bool reweighted, class Group>
__device__ __forceinline__ void train_block_in_groups(const FusedTask& task, float* memory) {
  const Assignment<Group> own;
  const auto stride = group_stride(task, Group::lanes(), true, reweighted);
  train_in_group<reweighted>(task, own.of(task), memory + own.in_block * stride, Group());
}

/// The same with the weights of a static shape in registers.
template <class Shape, bool reweighted, class Group>
__device__ __forceinline__ void train_block_in_lanes(const FusedTask& task, float* memory) {
  const Assignment<Group> own;
  float registers[LaneWeights<Shape, Group>::kSize];
  const auto stride = group_stride(task, Group::lanes(), false, reweighted);
  train_in_lanes<Shape, reweighted>(task, own.of(task), memory + own.in_block * stride, registers,
                                    Group());
}

}  // namespace helmholtz::cuda
