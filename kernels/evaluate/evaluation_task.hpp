#pragma once

#include <cstddef>
#include <cstdint>

#include "evaluate/exact_plan_view.hpp"
#include "helmholtz/layer_shape.hpp"
#include "kernels/runtime/portable.hpp"

/// Arguments of a launch of an evaluation kernel, by value.
namespace helmholtz::cuda {

/// Parameters in device memory: parameter k of machine m is at data[k * parameter_stride +
/// m * machine_stride].
struct ParameterView {
  const float* data = nullptr;
  std::size_t parameter_stride = 0;
  std::size_t machine_stride = 0;

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const float* machine(std::size_t m) const {
    return data + m * machine_stride;
  }
};

/// What each machine gets, by its number; null where it is not wanted.
struct EvaluationResults {
  double* kl_exact = nullptr;
  double* kl_sampled = nullptr;
  std::uint32_t* unseen = nullptr;  ///< null as kl_sampled
  std::uint8_t* diverged = nullptr;
};

/// Some machines of a piece of memory: number i of them is machine [i].
struct MachineList {
  const std::uint32_t* numbers = nullptr;  ///< [first + count]; null: they lie side by side
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t operator[](std::uint32_t i) const {
    return numbers == nullptr ? first + i : numbers[first + i];
  }
  /// Those from number `begin` on, at most `most`.
  [[nodiscard]] MachineList part(std::uint32_t begin, std::uint32_t most) const {
    const auto left = count - begin;
    return {numbers, first + begin, left < most ? left : most};
  }
};

/// The world's patterns in ascending order of their words, to look samples up in.
struct PatternIndex {
  /// Up to so many patterns of one word are compared one after the other.
  static constexpr int kCompared = 16;

  const std::uint32_t* words = nullptr;  ///< [count][words_per_pattern]
  const std::uint32_t* order = nullptr;  ///< [count], their numbers in the world
  std::uint32_t count = 0;
  std::uint32_t words_per_pattern = 1;
  bool compared = false;
  std::uint32_t first[kCompared] = {};  ///< the patterns in the world's order if compared
};

/// Machines that an evaluation is about, and where what it reads is; all in one memory.
struct EvaluationInput {
  LayerShape shape;
  ExactPlanView plan;
  PatternIndex index;
  ParameterView parameters;
  const std::uint64_t* seeds = nullptr;  ///< by the machine's number
  MachineList machines;
  EvaluationResults results;
};

/// The exact KL of some machines.
struct ExactTask : EvaluationInput {
  /// Machines that share one piece of `memory`, and the threads of a block.
  static constexpr int kLanes = 64;

  ExactMemory memory;            ///< of group 0
  double* staged = nullptr;      ///< of group 0: [generative parameters][kLanes]
  std::size_t group_stride = 0;  ///< doubles from one group's memory to the next's
  std::uint32_t groups = 1;
};

/// Generated samples of some machines, and how often each is a pattern of the world; then their
/// sampled KL.
struct SampleTask : EvaluationInput {
  std::uint32_t* counts = nullptr;  ///< [machines.count][patterns], to be added to
  std::uint64_t first_block = 0;    ///< of the evaluation's step (helmholtz/random.hpp)
  std::uint32_t first_sample = 0;
  std::uint32_t samples = 0;
};

}  // namespace helmholtz::cuda
