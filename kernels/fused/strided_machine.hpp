#pragma once

#include "kernels/fused/fused_step.hpp"
#include "kernels/fused/patterns.hpp"

namespace helmholtz::cuda {

/// Something of every machine side by side: x[i] of this machine is stride after x[i - 1].
template <class T>
struct Strided {
  T* base;
  std::uint32_t stride;
  HELMHOLTZ_DEVICE T& operator[](int i) const { return base[static_cast<std::size_t>(i) * stride]; }
  HELMHOLTZ_DEVICE Strided operator+(int n) const { return {&(*this)[n], stride}; }
  [[nodiscard]] HELMHOLTZ_DEVICE T load(std::size_t k) const { return base[k * stride]; }
  HELMHOLTZ_DEVICE void store(std::size_t k, T x) const { base[k * stride] = x; }
};

struct StridedStep : FusedStep<LayerShape> {
  Strided<std::uint32_t> words;  ///< [words_per_phase]

  [[nodiscard]] HELMHOLTZ_DEVICE Strided<std::uint32_t> draw(int row, int begin, int end) const {
    for (int b = begin / 4; b < draws::blocks(end); ++b) {
      std::uint32_t block[4];
      draw_block(b, row, block);
      repeat<4>([&](int i) HELMHOLTZ_DEVICE_BODY { words[4 * (b - begin / 4) + i] = block[i]; });
    }
    return words + begin % 4;
  }
};

/// ThreadShared, ThreadGlobal: one thread trains one machine of any topology and batch, whose
/// arrays lie in shared memory, [parameter][machine of the block], or in global memory where they
/// do not fit.
/// @param scratch  [scratch_floats]: a batch's deltas, zero between steps; units; words
/// @param stride   from one element of the machine to the next
HELMHOLTZ_DEVICE void train_strided(const FusedTask& task, std::uint32_t m, float* weights,
                                    float* scratch, std::uint32_t stride) {
  const auto deltas = task.batch > 1 ? task.shape.parameters() : 0;
  float* const units = scratch + deltas * stride;
  float* const words = units + static_cast<std::size_t>(task.shape.units()) * stride;
  using Layers =
      WakeSleep<FloatOps, LayerShape, Strided<float>, Patterns<LayerShape, false>, Strided<float>>;
  RowByRow<Layers, StridedStep> machine{
      {task.shape,
       {weights, stride},
       {task.batch > 1 ? scratch : weights, stride},
       {task.shape, task.patterns},
       {units, stride}},
      {{task.shape, task, m}, {reinterpret_cast<std::uint32_t*>(words), stride}}};
  take_steps(task, machine);
}

/// Trains machine m with everything in a block's memory, [parameters(), then scratch][threads].
HELMHOLTZ_DEVICE void train_in_block(const FusedTask& task, std::uint32_t m, float* memory,
                                     std::uint32_t thread, std::uint32_t threads) {
  const auto parameters = task.shape.parameters();
  const auto deltas = task.batch > 1 ? parameters : 0;
  float* const weights = memory + thread;
  for (std::size_t k = 0; k < parameters; ++k) {
    weights[k * threads] = task.parameters[k * task.stride + m];
  }
  for (std::size_t k = parameters; k < parameters + deltas; ++k) weights[k * threads] = 0;
  train_strided(task, m, weights, weights + parameters * threads, threads);
  for (std::size_t k = 0; k < parameters; ++k) {
    task.parameters[k * task.stride + m] = weights[k * threads];
  }
}

/// Trains machine m where its parameters are, with task.scratch, [scratch floats][stride].
HELMHOLTZ_DEVICE void train_in_place(const FusedTask& task, std::uint32_t m) {
  train_strided(task, m, task.parameters + m, task.scratch + m,
                static_cast<std::uint32_t>(task.stride));
}

}  // namespace helmholtz::cuda
