#include "kernels/layered/layered_plan.hpp"

#include <algorithm>
#include <bit>

#include "kernels/fused/launch_plan.hpp"

namespace helmholtz::cuda {

LayeredTask layered_task_of(const helmholtz_ensemble& ensemble, Math math) {
  LayeredTask task;
  view_tables(task, ensemble);
  task.shape =
      LayeredShape(ensemble.layer_sizes, static_cast<int>(ensemble.layers), ensemble.batch);
  task.math = math;
  task.means = static_cast<int>(ensemble.means);
  task.error_weight = ensemble.error_weight;
  task.optimizers = ensemble.optimizers;
  task.group = machine_group(task.shape);
  task.lanes = error_lanes(task.shape);
  return task;
}

std::uint32_t machine_group(const LayeredShape& shape) {
  // What a device does in the microseconds of a launch: multiply-adds, and floats that it reads.
  constexpr std::uint64_t kMultiplyAdds = std::uint64_t{1} << 26U;
  constexpr std::uint64_t kFloats = std::uint64_t{1} << 21U;
  constexpr std::uint64_t kMost = 256;
  const auto batch = static_cast<std::uint64_t>(shape.batch());
  const auto most =
      std::min({kMultiplyAdds / (shape.floats() * batch), kFloats / shape.floats(), kMost});
  return static_cast<std::uint32_t>(std::bit_floor(std::max<std::uint64_t>(most, 1)));
}

std::uint32_t error_lanes(const LayeredShape& shape) {
  constexpr std::uint32_t kRows = 4;  // of a lane, or fewer
  const auto batch = static_cast<std::uint32_t>(shape.batch());
  return std::min(std::bit_ceil((batch + kRows - 1) / kRows), kErrorBlock);
}

std::size_t layered_kept(const LayeredTask& task) {
  return static_cast<unsigned>(1 + task.means) * task.shape.floats();
}

void place_kept(LayeredTask& task, float* kept) {
  task.parameters = kept;
  task.state = kept + task.capacity * task.shape.floats();
}

std::size_t layered_scratch(const LayeredTask& task) {
  const auto elements = task.shape.unit_elements();
  const auto floats = task.shape.floats();
  const auto gradients = task.means > 0 ? floats : 0;
  if (task.math != Math::bf16x3) return gradients + 2 * elements;
  // Two of bfloat16 make a float; both counts are even.
  return gradients + elements + (elements + kParts * elements + kParts * floats) / 2;
}

void place_scratch(LayeredTask& task, float* scratch) {
  const auto elements = task.capacity * task.shape.unit_elements();
  if (task.means > 0) {
    task.gradients = scratch;
    scratch += task.capacity * task.shape.floats();
  }
  task.activities = scratch;
  if (task.math != Math::bf16x3) {
    task.units = scratch + elements;
    return;
  }
  task.units16 = reinterpret_cast<std::uint16_t*>(scratch + elements);
  task.error_parts = task.units16 + elements;
  task.weight_parts = task.error_parts + kParts * elements;
}

Grid grid_of(std::uint64_t items, std::uint32_t machines) {
  constexpr std::uint64_t kWarp = 32;
  constexpr std::uint64_t kBlock = 256;
  constexpr std::uint32_t kMostMachines = 65'535;
  const auto block = std::clamp((items + kWarp - 1) / kWarp * kWarp, kWarp, kBlock);
  return {.x = static_cast<std::uint32_t>((items + block - 1) / block),
          .y = std::min(machines, kMostMachines),
          .block = static_cast<std::uint32_t>(block)};
}

std::uint32_t gathered_machines(const LayeredShape& shape, std::uint32_t machines) {
  constexpr std::uint32_t kFloats = std::uint32_t{1} << 24U;  // 64 MiB
  return std::clamp(kFloats / shape.parameters(), 1U, machines);
}

void pack(const LayeredShape& shape, const float* machine, float* device) {
  for (std::uint32_t k = 0; k < shape.parameters();) {
    const auto run = shape.run_from(k);
    std::copy_n(machine + k, run.count, device + run.begin);
    k += run.count;
  }
}

void unpack(const LayeredShape& shape, const float* device, float* machine) {
  for (std::uint32_t k = 0; k < shape.parameters();) {
    const auto run = shape.run_from(k);
    std::copy_n(device + run.begin, run.count, machine + k);
    k += run.count;
  }
}

}  // namespace helmholtz::cuda
