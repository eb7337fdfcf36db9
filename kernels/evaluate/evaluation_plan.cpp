#include "kernels/evaluate/evaluation_plan.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>

#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::cuda {

namespace {

constexpr std::uint32_t kWarp = 32;

/// Blocks a machine, so that few machines with many samples fill the device too.
std::uint32_t parts_of(const SampleTask& task, std::uint32_t block, const DeviceLimits& limits) {
  constexpr std::uint32_t kBlocksEach = 16;  // of a multiprocessor
  constexpr std::uint32_t kMost = 65'535;    // of a grid's second dimension
  const auto wanted = limits.multiprocessors * kBlocksEach / std::max(task.machines.count, 1U);
  const auto useful = (task.samples + block - 1) / block;
  return std::clamp(std::min(wanted, useful), 1U, kMost);
}

/// The most threads whose states fit beside `fixed` bytes, in whole warps.
std::uint32_t fitting_block(const LayerShape& shape, std::size_t fixed, std::size_t bytes) {
  const auto each = static_cast<std::size_t>(shape.units()) * sizeof(float);
  if (fixed + kWarp * each > bytes) return 0;
  const auto threads = (bytes - fixed) / each / kWarp * kWarp;
  return static_cast<std::uint32_t>(std::min<std::size_t>(threads, kSampleBlock));
}

/// Whether a block counts in shared memory: there is room for its counts, with which the kernels'
/// registers still limit a multiprocessor's blocks, and it has as many samples as patterns to add
/// up at the end.
bool has_histogram(const SampleTask& task, const SamplePlan& plan, const DeviceLimits& limits) {
  constexpr std::size_t kMost = std::size_t{16} << 10U;
  const auto bytes = task.index.count * sizeof(std::uint32_t);
  const bool in_registers = plan.registers && task.index.compared;
  return !in_registers && bytes <= kMost && plan.shared + bytes <= limits.shared_per_block &&
         task.index.count <= task.samples / plan.parts;
}

}  // namespace

SamplePlan plan_samples(const SampleTask& task, const DeviceLimits& limits) {
  const auto parameters = task.shape.generative_parameters() * sizeof(float);
  SamplePlan plan;
  if (has_register_kernel(task.shape)) {
    plan = {.registers = true, .staged = true, .block = kSampleBlock, .shared = parameters};
  } else {
    const auto with = fitting_block(task.shape, parameters, limits.shared_per_block);
    plan.staged = with == kSampleBlock;
    plan.block = plan.staged ? with : fitting_block(task.shape, 0, limits.shared_per_block);
    plan.shared = (plan.staged ? parameters : 0) +
                  static_cast<std::size_t>(task.shape.units()) * plan.block * sizeof(float);
  }
  if (plan.block == 0) return plan;
  plan.parts = parts_of(task, plan.block, limits);
  plan.histogram = has_histogram(task, plan, limits);
  if (plan.histogram) plan.shared += task.index.count * sizeof(std::uint32_t);
  return plan;
}

std::size_t group_doubles(const LayerShape& shape, const ExactSizes& sizes) {
  return (shape.generative_parameters() + sizes.total()) * ExactTask::kLanes;
}

ExactTask exact_task(const EvaluationInput& input, const ExactSizes& sizes, double* workspace,
                     std::uint32_t groups) {
  const auto staged = input.shape.generative_parameters() * ExactTask::kLanes;
  return {input, sizes.carve(workspace + staged, ExactTask::kLanes), workspace,
          group_doubles(input.shape, sizes), groups};
}

SampleTask sample_task(const EvaluationInput& input, std::uint64_t step, std::uint32_t* counts) {
  return {input, counts, step * static_cast<std::uint64_t>(draws::blocks_per_sample(input.shape))};
}

std::uint32_t samples_at_once(const LayerShape& shape, std::uint32_t machines) {
  constexpr double kWork = 1e11;  // multiply-adds and draws: some ms to a second
  const double sample = static_cast<double>(shape.generative_parameters()) + shape.units();
  const double most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp(kWork / (sample * machines), 1.0, most));
}

std::uint32_t exact_groups(std::size_t group_bytes, std::uint32_t machines,
                           const DeviceLimits& limits, std::size_t bytes) {
  constexpr std::uint32_t kGroupsEach = 16;  // of a multiprocessor: its registers hold 16 blocks
  const auto needed = (machines + ExactTask::kLanes - 1) / ExactTask::kLanes;
  const auto wanted =
      std::min<std::size_t>(needed, std::size_t{limits.multiprocessors} * kGroupsEach);
  return static_cast<std::uint32_t>(std::min(wanted, bytes / group_bytes));
}

WorldTables::WorldTables(const helmholtz_ensemble& ensemble, const LayerShape& shape)
    : order(ensemble.pattern_count) {
  for (int l = 0; l <= shape.last(); ++l) {
    layers.push_back(shape.generative(l));
  }
  const auto words = ensemble.words_per_pattern;
  const auto pattern = [&](std::size_t k) {
    return std::span(ensemble.patterns + k * words, words);
  };
  pattern_begin.push_back(0);
  for (std::size_t k = 0; k < ensemble.pattern_count; ++k) {
    for (std::uint32_t unit = 0; unit < words * 32; ++unit) {
      if (((pattern(k)[unit / 32] >> (unit % 32)) & 1U) != 0) pattern_units.push_back(unit);
    }
    pattern_begin.push_back(pattern_units.size());
  }
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::lexicographical_compare(pattern(a), pattern(b));
  });
  for (const auto k : order) {
    sorted_words.insert(sorted_words.end(), pattern(k).begin(), pattern(k).end());
  }
}

PatternIndex WorldTables::index(const helmholtz_ensemble& ensemble) {
  PatternIndex index;
  index.count = static_cast<std::uint32_t>(ensemble.pattern_count);
  index.words_per_pattern = static_cast<std::uint32_t>(ensemble.words_per_pattern);
  index.compared = index.words_per_pattern == 1 && index.count <= PatternIndex::kCompared;
  for (std::uint32_t k = 0; index.compared && k < index.count; ++k) {
    index.first[k] = ensemble.patterns[k];
  }
  return index;
}

}  // namespace helmholtz::cuda
