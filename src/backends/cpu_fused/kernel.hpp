#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "helmholtz/ensemble.hpp"

/// What the trainer hands to the SIMD kernel.
namespace helmholtz::cpu_fused {

/// Machines that lie side by side in memory, whatever the vector length: parameter k of the block's
/// machine i is at [k * kBlock + i].
inline constexpr std::size_t kBlock = 16;

/// Steps that a block trains before the next block's turn, at most.
inline constexpr std::uint64_t kChunkSteps = 4096;

/// What all blocks of an ensemble share.
struct Task {
  const Topology* topology = nullptr;
  const World* world = nullptr;
  Order order = Order::iid;
  std::uint32_t batch = 1;
  bool nonnegative = false;
  std::uint64_t first_step = 0;
  std::uint64_t steps = 0;  ///< at most kChunkSteps
};

/// One block of machines.
struct Block {
  alignas(64) std::uint32_t seed_low[kBlock] = {};
  alignas(64) std::uint32_t seed_high[kBlock] = {};
  /// Learning rates [2 L + 1][kBlock]: generative layers 0 to L, then recognition layers 0 to L-1.
  alignas(64) float rates[2 * Topology::kMaxLayers][kBlock] = {};
  /// Each machine's schedule as factors of the task's steps, [steps]; all the same pointer if
  /// uniform.
  const float* factors[kBlock] = {};
  bool uniform_schedule = true;
  float* parameters = nullptr;  ///< [parameters()][kBlock], 64-byte aligned
  float* scratch = nullptr;     ///< [scratch_floats()], 64-byte aligned, zero before its first use
};

/// Block::scratch, kBlock floats each: the deltas of a batch of more than one row, then draws and
/// unit states.
inline std::size_t scratch_floats(const Topology& topology, std::uint32_t batch) {
  const auto deltas = batch > 1 ? topology.parameters() : 0;
  return kBlock * (deltas + topology.draws_per_step() + static_cast<std::size_t>(topology.units()));
}

/// Trains a block, with the best instruction set (simd/target.hpp).
void train_block(const Task& task, const Block& block);

}  // namespace helmholtz::cpu_fused
