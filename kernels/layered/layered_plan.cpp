#include "kernels/layered/layered_plan.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "kernels/runtime/view_tables.hpp"

namespace helmholtz::cuda {

LayeredTask layered_task_of(const helmholtz_ensemble& ensemble, Math math) {
  LayeredTask task;
  view_tables(task, ensemble);
  task.shape = LayeredShape(ensemble.layer_sizes, static_cast<int>(ensemble.layers),
                            ensemble.batch * ensemble.particles);
  task.math = math;
  task.means = static_cast<int>(ensemble.means);
  task.error_weight = ensemble.error_weight;
  task.optimizers = ensemble.optimizers;
  task.particles = ensemble.particles;
  task.epoch_rows =
      ensemble.in_epochs != 0 ? static_cast<std::uint32_t>(ensemble.pattern_count) : 0;
  task.learns_awake = ensemble.wake_rates != nullptr;
  task.wake_rates = ensemble.wake_rates;
  return task;
}

std::uint32_t error_lanes(int columns) {
  constexpr std::uint32_t kColumns = 4;  // of a lane, or fewer
  const auto all = static_cast<std::uint32_t>(columns);
  return std::min(std::bit_ceil((all + kColumns - 1) / kColumns), kErrorBlock);
}

std::size_t layered_kept(const LayeredTask& task) {
  return task.shape.floats() + task.state_floats();
}

void place_kept(LayeredTask& task, float* kept) {
  task.parameters = kept;
  task.state = kept + task.capacity * task.shape.floats();
}

namespace {

/// Floats of a machine that its products take beside their results: units, and with bf16x3 parts.
std::size_t operand_floats(const LayeredTask& task) {
  const auto elements = task.shape.unit_elements();
  if (task.math != Math::bf16x3) return elements;
  // Two of bfloat16 make a float; both counts are even.
  return (std::size_t{2} * kParts * elements + kParts * task.shape.floats()) / 2;
}

std::size_t gradient_floats(const LayeredTask& task) {
  return task.means > 0 ? task.shape.floats() : 0;
}

std::size_t weight_floats(const LayeredTask& task) {
  return task.particles > 1 ? static_cast<std::size_t>(task.shape.column_stride()) : 0;
}

}  // namespace

std::size_t layered_scratch(const LayeredTask& task) {
  return gradient_floats(task) + task.shape.unit_elements() + operand_floats(task) +
         weight_floats(task);
}

void place_scratch(LayeredTask& task, float* scratch) {
  const auto take = [&](std::size_t floats) {
    float* const taken = scratch;
    scratch += task.capacity * floats;
    return taken;
  };
  task.gradients = take(gradient_floats(task));
  task.activities = take(task.shape.unit_elements());
  float* const operands = take(operand_floats(task));
  task.weights = take(weight_floats(task));
  if (task.math != Math::bf16x3) {
    task.units = operands;
    return;
  }
  const auto elements = std::size_t{kParts} * task.capacity * task.shape.unit_elements();
  task.units16 = reinterpret_cast<std::uint16_t*>(operands);
  task.error_parts = task.units16 + elements;
  task.weight_parts = task.error_parts + elements;
}

Grid grid_of(std::uint64_t items, std::uint32_t machines) {
  constexpr std::uint64_t kWarp = 32;
  constexpr std::uint64_t kBlock = 256;
  constexpr std::uint32_t kMostMachines = 65'535;
  constexpr std::uint64_t kMostItems = (std::uint64_t{1} << 32U) - kBlock;
  if (items > kMostItems) throw std::length_error("cuda-layered: a layer has too many batch rows");
  const auto block = std::clamp((items + kWarp - 1) / kWarp * kWarp, kWarp, kBlock);
  return {.x = static_cast<std::uint32_t>((items + block - 1) / block),
          .y = std::min(machines, kMostMachines),
          .block = static_cast<std::uint32_t>(block),
          .items = static_cast<std::uint32_t>(items)};
}

std::uint32_t gathered_machines(const LayeredShape& shape, std::uint32_t machines) {
  constexpr std::uint32_t kFloats = std::uint32_t{1} << 24U;  // 64 MiB
  return std::clamp(kFloats / shape.parameters(), 1U, machines);
}

namespace {

/// copy(float of the order of files, float of the device, count) for the parameters from number
/// `first` on; both are counted from there.
template <class Copy>
void for_each_run(const LayeredShape& shape, std::uint32_t first, Copy copy) {
  if (first == shape.parameters()) return;
  const auto begin = shape.run_from(first).begin;
  for (auto k = first; k < shape.parameters();) {
    const auto run = shape.run_from(k);
    copy(k - first, run.begin - begin, run.count);
    k += run.count;
  }
}

/// The same for each of a state's means.
template <class Copy>
void for_each_state_run(const LayeredTask& task, Copy copy) {
  const auto& shape = task.shape;
  std::uint64_t in_file = 0;
  std::uint64_t on_device = 0;
  const auto take = [&](std::uint32_t first, std::uint64_t floats) {
    for (int i = 0; i < task.means; ++i) {
      for_each_run(shape, first, [&](std::uint64_t k, std::uint64_t at, std::uint32_t count) {
        copy(in_file + k, on_device + at, count);
      });
      in_file += shape.parameters() - first;
      on_device += floats;
    }
  };
  take(0, shape.floats());
  if (!task.learns_awake) return;
  take(shape.generative_parameters(), shape.floats() - shape.begin(Network::recognition));
}

}  // namespace

void pack(const LayeredShape& shape, const float* machine, float* device) {
  for_each_run(shape, 0, [&](std::uint64_t k, std::uint64_t at, std::uint32_t count) {
    std::copy_n(machine + k, count, device + at);
  });
}

void unpack(const LayeredShape& shape, const float* device, float* machine) {
  for_each_run(shape, 0, [&](std::uint64_t k, std::uint64_t at, std::uint32_t count) {
    std::copy_n(device + at, count, machine + k);
  });
}

void pack_state(const LayeredTask& task, const float* machine, float* device) {
  for_each_state_run(task, [&](std::uint64_t k, std::uint64_t at, std::uint32_t count) {
    std::copy_n(machine + k, count, device + at);
  });
}

void unpack_state(const LayeredTask& task, const float* device, float* machine) {
  for_each_state_run(task, [&](std::uint64_t k, std::uint64_t at, std::uint32_t count) {
    std::copy_n(device + at, count, machine + k);
  });
}

}  // namespace helmholtz::cuda
