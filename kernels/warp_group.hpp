#pragma once

#include <cstdint>

#include "group_machine.hpp"

namespace helmholtz::cuda {

/// The lanes of one machine, side by side in a warp (`Group` of group_machine.hpp).
template <int n>
class WarpGroup {
 public:
  __device__ __forceinline__ WarpGroup()
      : shift_(threadIdx.x % 32 / n * n), mask_((n == 32 ? ~0U : (1U << n % 32) - 1) << shift_) {}

  static __device__ __forceinline__ constexpr int lanes() { return n; }
  template <class Body>
  __device__ __forceinline__ void for_each_lane(Body body) const {
    body(static_cast<int>(threadIdx.x % n));
  }
  template <class Body>
  __device__ __forceinline__ std::uint32_t ballot(Body body) const {
    const bool on = body(static_cast<int>(threadIdx.x % n));
    return (__ballot_sync(mask_, on) & mask_) >> shift_;
  }
  __device__ __forceinline__ void sync() const { __syncwarp(mask_); }

 private:
  unsigned shift_;
  unsigned mask_;
};

/// Trains the machines of this block of threads; `memory` is the block's.
template <class Shape, class Group>
__device__ __forceinline__ void train_block_in_groups(const Shape& shape, const FusedTask& task,
                                                      float* memory, const Group& group) {
  constexpr std::uint32_t kLanes = Group::lanes();
  const std::uint32_t in_block = threadIdx.x / kLanes;
  const std::uint32_t m = blockIdx.x * (blockDim.x / kLanes) + in_block;
  if (m >= task.machines) return;
  const auto stride = group_stride(task.shape, task.batch, kLanes);
  train_in_group(shape, task, m, memory + in_block * stride, group);
}

}  // namespace helmholtz::cuda
