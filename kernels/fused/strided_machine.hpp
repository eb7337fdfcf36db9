#pragma once

#include "kernels/fused/fused_step.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/strided.hpp"

namespace helmholtz::cuda {

/// What a machine of train_strided has besides its parameters, one after the other, in floats.
struct StridedScratch {
  std::size_t deltas;   ///< of a batch of more than one row
  std::size_t units;    ///< states, of every particle
  std::size_t words;    ///< random ones, of a phase
  std::size_t errors;   ///< of reweighted wake-sleep, as the next: of every particle
  std::size_t weights;  ///< one of every particle

  HELMHOLTZ_DEVICE_HOST explicit StridedScratch(const FusedTask& task)
      : deltas(task.batch > 1 ? task.shape.parameters() : 0),
        units(task.particles * static_cast<std::size_t>(task.shape.units())),
        words(static_cast<std::size_t>(draws::words_per_phase(task.shape))),
        errors(task.reweighted() ? task.particles * static_cast<std::size_t>(
                                                        step::errors_per_particle(task.shape))
                                 : 0),
        weights(task.reweighted() ? task.particles : 0) {}

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::size_t floats() const {
    return deltas + units + words + errors + weights;
  }
};

struct StridedStep : FusedStep<LayerShape> {
  Strided<std::uint32_t> words;  ///< [words_per_phase]

  [[nodiscard]] HELMHOLTZ_DEVICE Strided<std::uint32_t> draw(int row, int begin, int end) const {
    for (int b = begin / 4; b < draws::blocks(end); ++b) {
      std::uint32_t block[4];
      draw_block(b, row, block);
      if (b == 0 && is_visit(begin)) block[draws::kPattern] = visit(row);
      repeat<4>([&](int i) HELMHOLTZ_DEVICE_BODY { words[4 * (b - begin / 4) + i] = block[i]; });
    }
    return words + begin % 4;
  }
};

/// The `Patterns` of WakeSleep.
struct StridedPatterns {
  ShownPatterns shown;

  HELMHOLTZ_DEVICE void draw(std::uint32_t word, Strided<float> visible) const {
    const auto pattern = shown.words(word);
    const int units = shown.units();
    for (std::uint32_t w = 0; w < shown.count(); ++w) {
      const auto bits = pattern[w];
      const int first = static_cast<int>(w) * 32;
      const int end = units < first + 32 ? units : first + 32;
      for (int i = first; i < end; ++i) {
        visible[i] = FloatOps::bit(((bits >> (i - first)) & 1U) != 0);
      }
    }
  }
};

/// ThreadShared, ThreadGlobal: one thread trains one machine of any topology and batch, whose
/// arrays lie in shared memory, [parameter][machine of the block], or in global memory where they
/// do not fit.
/// @tparam reweighted  with particles
/// @param scratch      [StridedScratch::floats()], a batch's deltas zero between steps
/// @param stride       from one element of the machine to the next
template <bool reweighted>
HELMHOLTZ_DEVICE void train_strided(const FusedTask& task, std::uint32_t m, float* weights,
                                    float* scratch, std::uint32_t stride) {
  using Floats = Strided<float>;
  const StridedScratch sizes(task);
  const Floats parameters{weights, stride};
  // Chosen as a whole: choosing the pointer alone costs ptxas spilled registers.
  const Floats batch_deltas{scratch, stride};
  const Floats deltas = task.batch > 1 ? batch_deltas : parameters;
  const Floats units{scratch + sizes.deltas * stride, stride};
  float* const words = units.base + sizes.units * stride;
  const StridedStep step{{task.shape, task, m}, {reinterpret_cast<std::uint32_t*>(words), stride}};
  const StridedPatterns patterns{{task, m}};
  if constexpr (reweighted) {
    const Floats errors{words + sizes.words * stride, stride};
    const Floats particle_weights{errors.base + sizes.errors * stride, stride};
    using Layers =
        ReweightedWakeSleep<FloatOps, LayerShape, Floats, StridedPatterns, Floats, Floats>;
    ReweightedRowByRow<Layers, ReweightedStep<StridedStep>> machine{
        {{task.shape, parameters, deltas, patterns, {units, errors, particle_weights}},
         {step, task, m}}};
    take_steps(task, machine);
  } else {
    using Layers = WakeSleep<FloatOps, LayerShape, Floats, StridedPatterns, Floats>;
    RowByRow<Layers, StridedStep> machine{{task.shape, parameters, deltas, patterns, units}, step};
    take_steps(task, machine);
  }
}

/// Trains machine m with everything in a block's memory, [parameters(), then scratch][threads].
template <bool reweighted>
HELMHOLTZ_DEVICE void train_in_block(const FusedTask& task, std::uint32_t m, float* memory,
                                     std::uint32_t thread, std::uint32_t threads) {
  const auto parameters = task.shape.parameters();
  const auto deltas = task.batch > 1 ? parameters : 0;
  float* const weights = memory + thread;
  for (std::size_t k = 0; k < parameters; ++k) {
    weights[k * threads] = task.parameters[k * task.stride + m];
  }
  for (std::size_t k = parameters; k < parameters + deltas; ++k) weights[k * threads] = 0;
  train_strided<reweighted>(task, m, weights, weights + parameters * threads, threads);
  for (std::size_t k = 0; k < parameters; ++k) {
    task.parameters[k * task.stride + m] = weights[k * threads];
  }
}

/// Trains machine m where its parameters are, with task.scratch, [scratch floats][stride].
template <bool reweighted>
HELMHOLTZ_DEVICE void train_in_place(const FusedTask& task, std::uint32_t m) {
  train_strided<reweighted>(task, m, task.parameters + m, task.scratch + m,
                            static_cast<std::uint32_t>(task.stride));
}

}  // namespace helmholtz::cuda
