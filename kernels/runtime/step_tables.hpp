#pragma once

#include <cstdint>

namespace helmholtz::cuda {

/// The world's patterns. A draw's pattern is the number of thresholds <= the 32-bit word.
struct PatternTable {
  /// Patterns that kernels find by comparing one threshold after the other.
  static constexpr int kChain = 11;

  const std::uint32_t* thresholds = nullptr;  ///< [count]
  const std::uint32_t* words = nullptr;       ///< [patterns x words_per_pattern]; not of grey rows
  const std::uint8_t* grey = nullptr;         ///< [patterns x units], of grey rows; else null
  std::uint32_t count = 0;
  std::uint32_t words_per_pattern = 1;
  /// A world of at most kChain thresholds and patterns of one word: the first pattern, and what
  /// each threshold adds to reach the next one (modulo 2^32); thresholds left over add nothing.
  bool chained = false;
  std::uint32_t first_pattern = 0;
  std::uint32_t chain_thresholds[kChain] = {};
  std::uint32_t chain_increments[kChain] = {};
};

/// What the steps of some machines read. `Shape`: LayerShape or LayeredShape.
template <class Shape>
struct StepTables {
  Shape shape;
  PatternTable patterns;
  const std::uint64_t* seeds = nullptr;     ///< [machines]
  const std::uint32_t* settings = nullptr;  ///< [machines]
  /// [settings][2 L + 1]: generative layers 0 to L, then recognition layers 0 to L-1
  const float* rates = nullptr;
  const std::uint32_t* schedules = nullptr;  ///< [settings], rows of `factors`
  const float* factors = nullptr;            ///< [schedules][steps], or longer rows
};

}  // namespace helmholtz::cuda
