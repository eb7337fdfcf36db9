#include "kernels/fused/launch_plan.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "kernels/fused/group_machine.hpp"
#include "kernels/fused/strided_machine.hpp"
#include "kernels/runtime/register_shapes.hpp"
#include "kernels/runtime/view_tables.hpp"

namespace helmholtz::cuda {

namespace {

constexpr std::uint32_t kWarp = 32;
/// Threads of a block that no machine asks to be smaller.
constexpr std::uint32_t kRegisterBlock = 128;
constexpr std::uint32_t kSharedBlock = 256;

/// Whole warps, few enough that every multiprocessor gets a share.
std::uint32_t spread(std::uint32_t machines, std::uint32_t multiprocessors, std::uint32_t most) {
  const auto share = (machines + multiprocessors - 1) / multiprocessors;
  return std::clamp((share + kWarp - 1) / kWarp * kWarp, kWarp, most);
}

/// Machines of a multiprocessor, a thread each, below which its schedulers have fewer than two
/// warps each, too few to hide latencies; and the threads that several lanes per machine should
/// then make of them.
constexpr std::size_t kFewMachines = 256;
constexpr std::size_t kEnoughThreads = 512;
/// Blocks that share a multiprocessor's memory, so that little of it is left over, and what of it
/// the system takes for each: as much as lies beyond the largest block.
constexpr std::size_t kBlocks = 8;
constexpr std::size_t kOfSystem = 1024;

/// As few lanes as fill a multiprocessor; nothing if not even one warp fits.
std::optional<LaunchPlan> plan_warp_shared(const FusedTask& task, const DeviceLimits& limits) {
  for (std::uint32_t lanes = 4; lanes <= kWarp; lanes *= 2) {
    const auto machine =
        group_stride(task, static_cast<int>(lanes), true, task.reweighted()) * sizeof(float);
    const auto fitting = limits.shared_per_block / machine;
    const auto of_warp = kWarp / lanes;
    if (fitting < of_warp || (fitting * lanes < kEnoughThreads && lanes < kWarp)) continue;
    const auto of_block = (limits.shared_per_block + kOfSystem) / kBlocks - kOfSystem;
    const auto warps = std::clamp<std::size_t>(of_block / (machine * of_warp), 1, 8);
    return LaunchPlan{.variant = Variant::WarpShared,
                      .block = static_cast<std::uint32_t>(warps) * kWarp,
                      .lanes = lanes,
                      .shared = warps * of_warp * machine};
  }
  return std::nullopt;
}

/// Bytes of a machine of ThreadShared.
std::size_t shared_bytes(const FusedTask& task) {
  return (task.shape.parameters() + scratch_floats(task)) * sizeof(float);
}

std::optional<LaunchPlan> plan_thread_shared(const FusedTask& task, const DeviceLimits& limits) {
  const auto fitting = limits.shared_per_block / shared_bytes(task);
  if (fitting < kWarp) return std::nullopt;
  const auto most =
      std::min<std::uint32_t>(kSharedBlock, static_cast<std::uint32_t>(fitting) / kWarp * kWarp);
  const auto block = spread(task.machines, limits.multiprocessors, most);
  return LaunchPlan{
      .variant = Variant::ThreadShared, .block = block, .shared = block * shared_bytes(task)};
}

LaunchPlan plan_thread_global(const FusedTask& task) {
  return {.variant = Variant::ThreadGlobal, .block = kWarp, .scratch = scratch_floats(task)};
}

}  // namespace

FusedTask task_of(const helmholtz_ensemble& ensemble) {
  FusedTask task;
  view_tables(task, ensemble);
  task.shape = shape_of(ensemble);
  task.batch = ensemble.batch;
  task.particles = ensemble.particles;
  task.wake_rates = ensemble.wake_rates;
  task.in_epochs = ensemble.in_epochs != 0;
  return task;
}

std::size_t scratch_floats(const FusedTask& task) { return StridedScratch(task).floats(); }

bool fits_register_kernel(const FusedTask& task) {
  return task.batch == 1 && !task.reweighted() && !task.found_ahead() &&
         has_register_kernel(task.shape);
}

LaunchPlan plan_thread_registers(const FusedTask& task, const DeviceLimits& limits) {
  return {.variant = Variant::ThreadRegisters,
          .block = spread(task.machines, limits.multiprocessors, kRegisterBlock)};
}

LaunchPlan plan_launch(const FusedTask& task, const DeviceLimits& limits) {
  if (fits_register_kernel(task)) {
    return plan_thread_registers(task, limits);
  }
  return plan_launch_with_carry(task, limits);
}

LaunchPlan plan_launch_with_carry(const FusedTask& task, const DeviceLimits& limits) {
  if (limits.shared_per_block / shared_bytes(task) < kFewMachines) {
    if (const auto plan = plan_warp_shared(task, limits)) return *plan;
  }
  return plan_thread_shared(task, limits).value_or(plan_thread_global(task));
}

std::optional<LaunchPlan> plan_variant(const FusedTask& task, const DeviceLimits& limits,
                                       Variant variant) {
  switch (variant) {
    case Variant::ThreadRegisters:
      if (!fits_register_kernel(task)) return std::nullopt;
      return plan_thread_registers(task, limits);
    case Variant::WarpShared:
      return plan_warp_shared(task, limits);
    case Variant::WarpRegisters:
      return std::nullopt;
    case Variant::ThreadShared:
      return plan_thread_shared(task, limits);
    case Variant::ThreadGlobal:
      break;
  }
  return plan_thread_global(task);
}

namespace {

constexpr std::array kNames = {std::pair{"ThreadRegisters", Variant::ThreadRegisters},
                               std::pair{"ThreadShared", Variant::ThreadShared},
                               std::pair{"ThreadGlobal", Variant::ThreadGlobal},
                               std::pair{"WarpShared", Variant::WarpShared},
                               std::pair{"WarpRegisters", Variant::WarpRegisters}};

}  // namespace

std::optional<Variant> parse_variant(std::string_view name) {
  for (const auto& [known, variant] : kNames) {
    if (name == known) return variant;
  }
  return std::nullopt;
}

std::string_view name_of(Variant variant) {
  const auto has = [&](const auto& known) { return known.second == variant; };
  return std::find_if(kNames.begin(), kNames.end(), has)->first;
}

namespace {

/// Of the patterns that a step's rows visit.
std::uint64_t words_per_step(const FusedTask& task) {
  return std::uint64_t{task.batch} * task.patterns.words_per_pattern;
}

}  // namespace

std::uint32_t steps_at_once(const FusedTask& task) {
  if (!task.found_ahead()) return std::numeric_limits<std::uint32_t>::max();
  // A launch reads and writes all parameters: where there are many, more steps have to pay for it.
  const auto words = std::max<std::uint64_t>(256, task.shape.parameters() / 4);
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(words / words_per_step(task), 1));
}

std::size_t visit_words(const FusedTask& task) {
  return task.found_ahead() ? steps_at_once(task) * words_per_step(task) : 0;
}

StepRange next_steps(std::uint64_t first_step, std::uint32_t steps, std::uint32_t blocks_per_step) {
  const auto first = first_step * blocks_per_step;
  const auto left = (std::uint64_t{1} << 32U) - (first & 0xFFFFFFFFU);  // blocks until the carry
  const auto whole = left / blocks_per_step;
  if (whole == 0) return {1, true};
  return {static_cast<std::uint32_t>(std::min<std::uint64_t>(steps, whole)), false};
}

}  // namespace helmholtz::cuda
