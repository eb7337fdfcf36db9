#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "helmholtz/ensemble.hpp"
#include "step/network.hpp"

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
  int particles = 1;
  bool learns_awake = false;  ///< recognition networks, in the wake phase
  bool nonnegative = false;
  std::uint64_t first_step = 0;
  std::uint64_t steps = 0;  ///< at most kChunkSteps

  [[nodiscard]] bool reweighted() const { return particles > 1 || learns_awake; }
};

/// One block of machines.
struct MachineBlock {
  alignas(64) std::uint32_t seed_low[kBlock] = {};
  alignas(64) std::uint32_t seed_high[kBlock] = {};
  /// Learning rates [3 L + 1][kBlock]: generative layers 0 to L, recognition layers 0 to L-1, and
  /// these in the wake phase.
  alignas(64) float rates[3 * Topology::kMaxLayers][kBlock] = {};
  /// Each machine's schedule as factors of the task's steps, [steps]; all the same pointer if
  /// uniform.
  const float* factors[kBlock] = {};
  bool uniform_schedule = true;
  float* parameters = nullptr;  ///< [parameters()][kBlock], 64-byte aligned
  /// [ScratchSizes::floats()], 64-byte aligned, zero before its first use.
  float* scratch = nullptr;
};

/// What MachineBlock::scratch holds, one after the other, in kBlock floats each.
struct ScratchSizes {
  std::size_t deltas;   ///< of a batch of more than one row
  std::size_t words;    ///< random ones
  std::size_t units;    ///< states, of every particle
  std::size_t errors;   ///< of reweighted wake-sleep, as the next: of every particle
  std::size_t weights;  ///< one of every particle

  explicit ScratchSizes(const Task& task)
      : deltas(task.batch > 1 ? task.topology->parameters() : 0),
        words(task.topology->draws_per_step()),
        units(static_cast<std::size_t>(task.particles) *
              static_cast<std::size_t>(task.topology->units())),
        errors(task.reweighted()
                   ? static_cast<std::size_t>(task.particles) *
                         static_cast<std::size_t>(step::errors_per_particle(task.topology->shape()))
                   : 0),
        weights(task.reweighted() ? static_cast<std::size_t>(task.particles) : 0) {}

  [[nodiscard]] std::size_t floats() const {
    return kBlock * (deltas + words + units + errors + weights);
  }
};

/// Trains a block, with the best instruction set (simd/target.hpp).
void train_block(const Task& task, const MachineBlock& block);

}  // namespace helmholtz::cpu_fused
