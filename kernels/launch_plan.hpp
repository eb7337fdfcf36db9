#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fused_task.hpp"

/// How machines are spread over a device, as plain functions: results never depend on it.
namespace helmholtz::cuda {

/// What a plan has to know of a device.
struct DeviceLimits {
  std::uint32_t multiprocessors = 1;
  std::size_t shared_per_block = 48 * 1024;  ///< bytes, with opt-in
};

enum class Variant {
  registers,  ///< (a) a thread a machine, weights in registers
  shared,     ///< (b) a thread a machine, weights in shared memory
  group,      ///< (c) several lanes a machine, weights in shared memory
  lanes,      ///< (c) several lanes a machine, weights in registers, compiled at run time
  global,     ///< (b) a thread a machine, weights in global memory
};

struct LaunchPlan {
  Variant variant = Variant::global;
  std::uint32_t block = 32;  ///< threads
  std::uint32_t lanes = 1;   ///< threads a machine: 4, 8, 16 or 32 for `group`
  std::size_t shared = 0;    ///< bytes a block
  std::size_t scratch = 0;   ///< floats a machine of FusedTask::scratch
};

/// Whether kernel (a) was compiled for this topology.
bool has_register_kernel(const LayerShape& shape);

/// Chooses the variant and the block for some machines.
LaunchPlan plan_launch(const FusedTask& task, const DeviceLimits& limits);
/// (a), whoever compiled it.
LaunchPlan plan_registers(const FusedTask& task, const DeviceLimits& limits);
/// The same among the variants that may take a step whose Philox block numbers carry.
LaunchPlan plan_launch_with_carry(const FusedTask& task, const DeviceLimits& limits);

/// A plan with this variant, whatever else would be better; nothing if it cannot train the task.
/// `lanes` is another name for `group`: only the compiler at run time makes the difference.
std::optional<LaunchPlan> plan_variant(const FusedTask& task, const DeviceLimits& limits,
                                       Variant variant);
/// "registers", "shared", "group", "lanes", "global", or nothing.
std::optional<Variant> parse_variant(std::string_view name);

/// Floats of deltas, units and words that (b) keeps for a machine beside its weights.
std::size_t scratch_floats(const LayerShape& shape, std::uint32_t batch);

/// How many of `steps` steps a launch takes: as many as keep the upper half of their Philox block
/// numbers, but at least one; `carries` says that this one step does not keep it.
struct StepRange {
  std::uint32_t steps;
  bool carries;
};
StepRange next_steps(std::uint64_t first_step, std::uint32_t steps, std::uint32_t blocks_per_step);

/// Machines that a device holds at a time: all of them, or half as often as `fits` has to refuse.
/// @return 0 if it refuses a single machine
template <class Fits>
std::size_t largest_chunk(std::size_t machines, Fits fits) {
  auto chunk = machines;
  while (chunk > 0 && !fits(chunk)) chunk = chunk == 1 ? 0 : (chunk + 1) / 2;
  return chunk;
}

}  // namespace helmholtz::cuda
