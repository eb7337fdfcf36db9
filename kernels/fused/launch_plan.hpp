#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/fused/fused_task.hpp"
#include "kernels/plugin/plugin_abi.h"
#include "kernels/runtime/device_limits.hpp"

/// What a launch trains, and how its machines are spread over a device, as plain functions: results
/// never depend on it.
namespace helmholtz::cuda {

/// What of a task does not change from launch to launch; its pointers are the ensemble's.
FusedTask task_of(const helmholtz_ensemble& ensemble);

/// What trains a machine, a thread or lanes of a warp, and where its weights are.
enum class Variant {
  ThreadRegisters,
  ThreadShared,
  ThreadGlobal,
  WarpShared,
  WarpRegisters,  ///< compiled at run time
};

struct LaunchPlan {
  Variant variant = Variant::ThreadGlobal;
  std::uint32_t block = 32;  ///< threads
  std::uint32_t lanes = 1;   ///< threads per machine: 4, 8, 16 or 32 of a warp
  std::size_t shared = 0;    ///< bytes per block
  std::size_t scratch = 0;   ///< floats per machine of FusedTask::scratch

  [[nodiscard]] std::uint32_t blocks(std::uint32_t machines) const {
    return (machines + block / lanes - 1) / (block / lanes);
  }
};

/// Whether ThreadRegisters as it was compiled ahead of time can train the task: a batch of one row,
/// without particles, drawn with replacement.
bool fits_register_kernel(const FusedTask& task);

/// Chooses the variant and the block for some machines.
LaunchPlan plan_launch(const FusedTask& task, const DeviceLimits& limits);
/// ThreadRegisters, compiled ahead of time or at run time.
LaunchPlan plan_thread_registers(const FusedTask& task, const DeviceLimits& limits);
/// The same among the variants that may take a step whose Philox block numbers carry.
LaunchPlan plan_launch_with_carry(const FusedTask& task, const DeviceLimits& limits);

/// A plan with this variant as it was compiled ahead of time, whatever else would be better;
/// nothing if it cannot train the task. WarpRegisters is compiled at run time alone
/// (specialise.hpp).
std::optional<LaunchPlan> plan_variant(const FusedTask& task, const DeviceLimits& limits,
                                       Variant variant);
/// The variant of that name, e.g. "ThreadShared", or nothing.
std::optional<Variant> parse_variant(std::string_view name);
std::string_view name_of(Variant variant);

/// Floats that ThreadShared and ThreadGlobal keep for a machine beside its parameters.
std::size_t scratch_floats(const FusedTask& task);

/// Steps of a launch for whose visits a machine has room, and the words of these: where patterns
/// are found ahead 256 words, or a quarter of the parameters, or those of one step, whichever is
/// most; else any number, and none.
std::uint32_t steps_at_once(const FusedTask& task);
std::size_t visit_words(const FusedTask& task);

/// How many of `steps` steps a launch takes: as many as keep the upper half of their Philox block
/// numbers, but at least one; `carries` says that this one step does not keep it.
struct StepRange {
  std::uint32_t steps;
  bool carries;
};
StepRange next_steps(std::uint64_t first_step, std::uint32_t steps, std::uint32_t blocks_per_step);

}  // namespace helmholtz::cuda
