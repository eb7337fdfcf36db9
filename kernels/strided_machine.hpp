#pragma once

#include "patterns.hpp"
#include "philox.hpp"

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

/// A step's rates of one setting.
struct StepRates {
  const float* rates;
  float factor;
  HELMHOLTZ_DEVICE float operator[](int r) const { return FloatOps::mul(rates[r], factor); }
};

/// (b) One thread trains one machine of any topology and batch; weights, deltas and units lie in
/// shared memory, [parameter][machine of the block], or in global memory where they do not fit.
class StridedMachine {
 public:
  /// Where a machine's arrays begin, and how far apart their elements are.
  struct Memory {
    float* weights;
    float* deltas;  ///< zero between steps; unused by a batch of one row
    float* units;
    std::uint32_t* words;  ///< [words_per_phase]
    std::uint32_t stride;
  };

  HELMHOLTZ_DEVICE StridedMachine(const FusedTask& task, std::uint32_t m, const Memory& memory)
      : task_(task),
        setting_(task.settings[m]),
        philox_(task.seeds[m]),
        words_{memory.words, memory.stride},
        machine_(task.shape, {memory.weights, memory.stride},
                 {task.batch > 1 ? memory.deltas : memory.weights, memory.stride},
                 {task.shape, task.patterns}, {memory.units, memory.stride}) {}

  HELMHOLTZ_DEVICE void train() {
    const float* const factors =
        task_.factors + static_cast<std::size_t>(task_.schedules[setting_]) * task_.factor_stride;
    const int rates_of_setting = 2 * task_.shape.last() + 1;
    const float* const rates = task_.rates + setting_ * static_cast<std::size_t>(rates_of_setting);
    const auto blocks = static_cast<std::uint64_t>(draws::blocks_per_step(task_.shape));
    for (std::uint32_t s = 0; s < task_.steps; ++s) {
      const auto block = (task_.first_step + s) * blocks;
      step({rates, factors[s]}, block);
    }
  }

 private:
  using Machine =
      WakeSleep<FloatOps, LayerShape, Strided<float>, Patterns<LayerShape, false>, Strided<float>>;

  /// Fills words_ with the blocks of a row's slots first to last.
  HELMHOLTZ_DEVICE void draw(std::uint64_t block, std::uint32_t row, int first, int last) const {
    for (int b = first / 4; b <= last / 4; ++b) {
      std::uint32_t words[4];
      const auto address = block + static_cast<std::uint64_t>(b);
      philox_.blocks<1>(static_cast<std::uint32_t>(address),
                        static_cast<std::uint32_t>(address >> 32U), row, RandomPurpose::training,
                        words);
      repeat<4>([&](int i) HELMHOLTZ_DEVICE_BODY { words_[4 * (b - first / 4) + i] = words[i]; });
    }
  }

  HELMHOLTZ_DEVICE void step(StepRates rates, std::uint64_t block) {
    const auto& shape = task_.shape;
    const int sleep_slot = draws::dream(shape);
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(block, row, 0, sleep_slot - 1);
      machine_.wake(words_, rates);
    }
    if (task_.batch > 1) machine_.apply_deltas(0, shape.generative_parameters());
    if (task_.nonnegative) machine_.clamp_visible_weights();
    const StepRates recognition{rates.rates + shape.last() + 1, rates.factor};
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(block, row, sleep_slot, sleep_slot + shape.units() - 1);
      machine_.sleep(words_ + sleep_slot % 4, recognition);
    }
    if (task_.batch > 1) machine_.apply_deltas(shape.generative_parameters(), shape.parameters());
  }

  const FusedTask& task_;
  std::uint32_t setting_;
  Philox philox_;
  Strided<std::uint32_t> words_;
  Machine machine_;
};

/// Trains machine m with everything in a block's memory, [parameters(), then scratch][threads].
HELMHOLTZ_DEVICE void train_in_block(const FusedTask& task, std::uint32_t m, float* memory,
                                     std::uint32_t thread, std::uint32_t threads) {
  const auto parameters = task.shape.parameters();
  const auto deltas = task.batch > 1 ? parameters : 0;
  float* const weights = memory + thread;
  float* const units = weights + (parameters + deltas) * threads;
  float* const words = units + static_cast<std::uint32_t>(task.shape.units()) * threads;
  for (std::size_t k = 0; k < parameters; ++k) {
    weights[k * threads] = task.parameters[k * task.stride + m];
  }
  for (std::size_t k = parameters; k < parameters + deltas; ++k) weights[k * threads] = 0;
  StridedMachine(task, m,
                 {weights, weights + parameters * threads, units,
                  reinterpret_cast<std::uint32_t*>(words), threads})
      .train();
  for (std::size_t k = 0; k < parameters; ++k) {
    task.parameters[k * task.stride + m] = weights[k * threads];
  }
}

/// Trains machine m where its parameters are, with task.scratch, [scratch floats][stride].
HELMHOLTZ_DEVICE void train_in_place(const FusedTask& task, std::uint32_t m) {
  const auto deltas = task.batch > 1 ? task.shape.parameters() : 0;
  float* const scratch = task.scratch + m;
  float* const units = scratch + deltas * task.stride;
  float* const words = units + static_cast<std::uint64_t>(task.shape.units()) * task.stride;
  StridedMachine(task, m,
                 {task.parameters + m, scratch, units, reinterpret_cast<std::uint32_t*>(words),
                  static_cast<std::uint32_t>(task.stride)})
      .train();
}

}  // namespace helmholtz::cuda
