#include <vector>

#include "kernels/fused/group_machine.hpp"
#include "kernels/fused/strided_machine.hpp"
#include "kernels/fused/thread_machine.hpp"
#include "kernels/host_kernels.hpp"
#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::testing {

namespace {

using cuda::FusedTask;
using cuda::LaunchPlan;
using cuda::Variant;

void run_registers(const FusedTask& task, std::uint32_t m) {
  cuda::with_register_shape(task.shape, [&](auto shape) {
    using Shape = decltype(shape);
    const bool chain = task.patterns.chained;
    if (task.nonnegative) {
      chain ? cuda::ThreadMachine<Shape, true, true>(task, m).train()
            : cuda::ThreadMachine<Shape, true, false>(task, m).train();
    } else {
      chain ? cuda::ThreadMachine<Shape, false, true>(task, m).train()
            : cuda::ThreadMachine<Shape, false, false>(task, m).train();
    }
  });
}

void run_shared(const FusedTask& task, const LaunchPlan& plan) {
  const auto floats = task.shape.parameters() + cuda::scratch_floats(task);
  std::vector<float> memory(floats * plan.block);
  for (std::uint32_t m = 0; m < task.machines; ++m) {
    float* const shared = memory.data();
    task.reweighted() ? cuda::train_in_block<true>(task, m, shared, m % plan.block, plan.block)
                      : cuda::train_in_block<false>(task, m, shared, m % plan.block, plan.block);
  }
}

template <int lanes>
void run_groups(const FusedTask& task) {
  std::vector<float> memory(cuda::group_stride(task, lanes, true, task.reweighted()));
  for (std::uint32_t m = 0; m < task.machines; ++m) {
    const HostGroup<lanes> group;
    task.reweighted() ? cuda::train_in_group<true>(task, {m, true}, memory.data(), group)
                      : cuda::train_in_group<false>(task, {m, true}, memory.data(), group);
  }
}

void run_groups(const FusedTask& task, const LaunchPlan& plan) {
  switch (plan.lanes) {
    case 4:
      return run_groups<4>(task);
    case 8:
      return run_groups<8>(task);
    case 16:
      return run_groups<16>(task);
    default:
      return run_groups<32>(task);
  }
}

}  // namespace

void run_find_visits(const FusedTask& task) {
  for (std::uint32_t visit = 0; visit < task.steps * task.batch; ++visit) {
    for (std::uint32_t m = 0; m < task.machines; ++m) cuda::find_visit(task, m, visit);
  }
}

void run_fused(const FusedTask& task, const LaunchPlan& plan) {
  switch (plan.variant) {
    case Variant::ThreadRegisters:
      for (std::uint32_t m = 0; m < task.machines; ++m) run_registers(task, m);
      return;
    case Variant::ThreadShared:
      return run_shared(task, plan);
    case Variant::WarpShared:
      return run_groups(task, plan);
    case Variant::WarpRegisters:
      return;  // compiled for one topology each
    case Variant::ThreadGlobal:
      for (std::uint32_t m = 0; m < task.machines; ++m) {
        task.reweighted() ? cuda::train_in_place<true>(task, m)
                          : cuda::train_in_place<false>(task, m);
      }
      return;
  }
}

}  // namespace helmholtz::testing
