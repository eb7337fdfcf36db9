#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/evaluate/evaluation_task.hpp"
#include "kernels/plugin/plugin_abi.h"
#include "kernels/runtime/device_limits.hpp"

/// What evaluations need on a device, as plain functions and host arrays.
namespace helmholtz::cuda {

/// Threads of a block that generates samples of one machine, at most.
inline constexpr std::uint32_t kSampleBlock = 128;

/// How samples are spread over blocks: results never depend on it.
struct SamplePlan {
  bool registers = false;   ///< register_sample_kernel
  bool staged = false;      ///< the generative parameters are in shared memory
  std::uint32_t block = 0;  ///< threads; 0: not one warp's states fit in shared memory
  std::uint32_t parts = 1;  ///< blocks per machine
  bool histogram = false;   ///< a block's counts are in shared memory (BlockCounts)
  std::size_t shared = 0;   ///< bytes per block: parameters if staged, states, counts
};

SamplePlan plan_samples(const SampleTask& task, const DeviceLimits& limits);

/// What is wanted of the machines from number `machines` on.
inline helmholtz_evaluation shifted(helmholtz_evaluation wanted, std::size_t machines) {
  const auto move = [machines](auto*& results) {
    if (results != nullptr) results += machines;
  };
  move(wanted.kl_exact);
  move(wanted.kl_sampled);
  move(wanted.unseen);
  move(wanted.diverged);
  return wanted;
}

/// What is wanted of a chunk's machines, some of which are; `first` and `count` are of the chunk's.
template <class Chunk>
helmholtz_evaluation part_of(const Chunk& chunk, const helmholtz_evaluation& wanted) {
  const auto begin = std::max(wanted.first, chunk.first);
  const auto end = std::min(wanted.first + wanted.count, chunk.first + chunk.count);
  auto part = shifted(wanted, begin - wanted.first);
  part.first = begin - chunk.first;
  part.count = end - begin;
  return part;
}

/// Doubles that a group of ExactTask::kLanes machines computes in.
std::size_t group_doubles(const LayerShape& shape, const ExactSizes& sizes);
/// @param workspace  [groups][group_doubles()]
ExactTask exact_task(const EvaluationInput& input, const ExactSizes& sizes, double* workspace,
                     std::uint32_t groups);
/// @param counts  [machines.count][patterns]
SampleTask sample_task(const EvaluationInput& input, std::uint64_t step, std::uint32_t* counts);

/// Samples of each of some machines that take about a second at most on the slowest device: what a
/// stop request waits for.
std::uint32_t samples_at_once(const LayerShape& shape, std::uint32_t machines);

/// Groups of ExactTask::kLanes machines that are evaluated at a time: enough to fill the device, as
/// far as `bytes` of memory reach; 0 if they do not hold one.
std::uint32_t exact_groups(std::size_t group_bytes, std::uint32_t machines,
                           const DeviceLimits& limits, std::size_t bytes);

/// The ensemble with the patterns that evaluations enumerate: none of a data set's rows.
inline helmholtz_ensemble with_enumerated_patterns(helmholtz_ensemble ensemble) {
  if (ensemble.probabilities == nullptr) ensemble.pattern_count = 0;
  return ensemble;
}

/// The world's side of an evaluation, in host memory.
struct WorldTables {
  std::vector<LayerView> layers;           ///< generative, top first
  std::vector<std::size_t> pattern_begin;  ///< as ExactPlanView has them
  std::vector<std::uint32_t> pattern_units;
  std::vector<std::uint32_t> sorted_words;  ///< as PatternIndex has them
  std::vector<std::uint32_t> order;

  WorldTables(const helmholtz_ensemble& ensemble, const LayerShape& shape);
  /// Without its pointers.
  static PatternIndex index(const helmholtz_ensemble& ensemble);
};

}  // namespace helmholtz::cuda
