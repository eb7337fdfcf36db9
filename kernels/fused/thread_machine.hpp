#pragma once

#include "kernels/fused/fused_task.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/philox.hpp"

namespace helmholtz::cuda {

/// Draws patterns of one word. @tparam chain  the table is chained
template <class Shape, bool chain>
class WordPatterns {
 public:
  HELMHOLTZ_DEVICE explicit WordPatterns(const PatternTable& table) : table_(table) {}

  template <class Units>
  HELMHOLTZ_DEVICE void draw(std::uint32_t word, Units visible) const {
    constexpr int kUnits = Shape::size(Shape::kLast);
    static_assert(kUnits <= 32, "one word a pattern");
    const auto pattern = find(word);
    repeat<kUnits>([&](int i) HELMHOLTZ_DEVICE_BODY {
      visible[i] = FloatOps::bit(((pattern >> i) & 1U) != 0);
    });
  }

 private:
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t find(std::uint32_t word) const {
    if constexpr (chain) {
      auto pattern = table_.first_pattern;
      repeat<PatternTable::kChain>([&](int k) HELMHOLTZ_DEVICE_BODY {
        if (word >= table_.chain_thresholds[k]) pattern += table_.chain_increments[k];
      });
      return pattern;
    } else {
      return table_.words[pattern_of(table_, word)];
    }
  }

  const PatternTable& table_;
};

/// ThreadRegisters: one thread trains one machine, with its weights in registers.
///
/// Everything is a local array with indices known at compile time, so that the compiler keeps it in
/// registers: nothing may take an index at run time. Batches of one row.
template <class Shape, bool nonnegative, bool chain>
class ThreadMachine {
 public:
  HELMHOLTZ_DEVICE ThreadMachine(const FusedTask& task, std::uint32_t m)
      : task_(task), m_(m), setting_(task.settings[m]), philox_(task.seeds[m]) {}

  HELMHOLTZ_DEVICE void train() {
    float weights[kParameters];
    float rates[kRates];
    repeat<kParameters>([&](int k) HELMHOLTZ_DEVICE_BODY { weights[k] = *global(k); });
    repeat<kRates>([&](int r) HELMHOLTZ_DEVICE_BODY { rates[r] = task_.rates_of(setting_)[r]; });
    const float* const factors = task_.factors_of(setting_);
    const auto block = task_.first_step * kBlocks;
    const auto high = static_cast<std::uint32_t>(block >> 32U);
    auto low = static_cast<std::uint32_t>(block);
    for (std::uint32_t s = 0; s < task_.steps; ++s) {
      std::uint32_t words[4 * kBlocks];
      philox_.blocks<kBlocks>(low, high, 0, RandomPurpose::training, words);
      low += kBlocks;
      float units[Shape::kUnits];
      constexpr Shape shape;
      RowByRow<Layers, Step> machine{
          {shape, {weights}, {weights}, WordPatterns<Shape, chain>(task_.patterns), units},
          {words, rates, factors[s]}};
      train_step(machine);
    }
    repeat<kParameters>([&](int k) HELMHOLTZ_DEVICE_BODY { *global(k) = weights[k]; });
  }

 private:
  static constexpr int kParameters = static_cast<int>(Shape::parameters());
  static constexpr int kRates = 2 * Shape::kLast + 1;
  static constexpr int kBlocks = draws::blocks_per_step(Shape());

  struct Registers {
    float* weights;
    [[nodiscard]] HELMHOLTZ_DEVICE float load(std::size_t k) const { return weights[k]; }
    HELMHOLTZ_DEVICE void store(std::size_t k, float x) const { weights[k] = x; }
  };
  using Layers = WakeSleep<FloatOps, Shape, Registers, WordPatterns<Shape, chain>>;

  struct Step {
    const std::uint32_t* words;  ///< all of the step's
    const float* rates;
    float factor;
    static HELMHOLTZ_DEVICE constexpr int rows() { return 1; }
    static HELMHOLTZ_DEVICE constexpr bool nonnegative_weights() { return nonnegative; }
    [[nodiscard]] HELMHOLTZ_DEVICE float rate(int r) const {
      return FloatOps::mul(rates[r], factor);
    }
    [[nodiscard]] HELMHOLTZ_DEVICE const std::uint32_t* draw(int, int begin, int) const {
      return words + begin;
    }
  };

  [[nodiscard]] HELMHOLTZ_DEVICE float* global(int k) const {
    return task_.parameters + static_cast<std::uint64_t>(k) * task_.stride + m_;
  }

  const FusedTask& task_;
  std::uint32_t m_;
  std::uint32_t setting_;
  Philox philox_;
};

}  // namespace helmholtz::cuda
