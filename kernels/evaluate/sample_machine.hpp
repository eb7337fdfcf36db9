#pragma once

#include "kernels/evaluate/evaluation_task.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/philox.hpp"
#include "kernels/runtime/strided.hpp"

namespace helmholtz::cuda {

/// The number of a one-word pattern in the index, or `count` if it is none of the world's.
HELMHOLTZ_DEVICE std::uint32_t find_pattern(const PatternIndex& index, std::uint32_t word) {
  const auto k = partition_point(
      0, index.count, [&](std::uint32_t i) HELMHOLTZ_DEVICE_BODY { return index.words[i] < word; });
  return k < index.count && index.words[k] == word ? index.order[k] : index.count;
}

/// How often a block's samples of number i of the machines are each of the world's patterns: in
/// `shared`, [patterns], and added to the machine's counts at the end, or in those at once. Threads
/// clear, then count, then add up, and wait for each other in between.
class BlockCounts {
 public:
  HELMHOLTZ_DEVICE BlockCounts(const SampleTask& task, std::uint32_t i, std::uint32_t* shared,
                               bool histogram)
      : patterns_(task.index.count),
        counts_(task.counts + std::size_t{i} * task.index.count),
        shared_(shared),
        histogram_(histogram) {}

  HELMHOLTZ_DEVICE void clear(std::uint32_t thread, std::uint32_t threads) const {
    for (auto k = thread; histogram_ && k < patterns_; k += threads) shared_[k] = 0;
  }
  /// @param k  a pattern, or anything beyond them
  HELMHOLTZ_DEVICE void count(std::uint32_t k) const {
    if (k >= patterns_) return;
    if (histogram_) {
      increase(shared_ + k, 1);
    } else {
      increase(counts_ + k, 1);
    }
  }
  HELMHOLTZ_DEVICE void add(std::uint32_t k, std::uint32_t samples) const {
    if (k < patterns_ && samples > 0) increase(counts_ + k, samples);
  }
  HELMHOLTZ_DEVICE void add_up(std::uint32_t thread, std::uint32_t threads) const {
    for (auto k = thread; histogram_ && k < patterns_; k += threads) add(k, shared_[k]);
  }

 private:
  static HELMHOLTZ_DEVICE void increase(std::uint32_t* count, std::uint32_t samples) {
#ifdef __CUDACC__
    atomicAdd(count, samples);
#else
    *count += samples;
#endif
  }

  std::uint32_t patterns_;
  std::uint32_t* counts_;
  std::uint32_t* shared_;
  bool histogram_;
};

/// A thread generates samples of one machine whose sizes are known at compile time; states are
/// in registers, parameters [generative] in shared memory, where all threads read the same one.
template <class Shape>
class RegisterSampler {
 public:
  HELMHOLTZ_DEVICE RegisterSampler(const float* parameters, std::uint64_t seed)
      : parameters_{parameters}, philox_(seed) {}

  /// The visible pattern of sample number n.
  HELMHOLTZ_DEVICE std::uint32_t pattern(std::uint64_t first_block, std::uint32_t n) const {
    std::uint32_t words[4 * kBlocks];
    repeat<kBlocks>([&](int b) HELMHOLTZ_DEVICE_BODY {
      philox_.block(first_block + static_cast<std::uint64_t>(b), n, RandomPurpose::evaluation,
                    words + 4 * b);
    });
    float units[Shape::kUnits];
    constexpr Shape shape;
    WakeSleep<FloatOps, Shape, Shared, NoPatterns> machine(shape, parameters_, parameters_, {},
                                                           units);
    sample_network(step::Generative(), machine, words);
    std::uint32_t pattern = 0;
    repeat<kVisible>([&](int j) HELMHOLTZ_DEVICE_BODY {
      pattern |= units[Shape::hidden_units() + j] != 0.0F ? 1U << j : 0U;
    });
    return pattern;
  }

 private:
  static constexpr int kVisible = Shape::size(Shape::kLast);
  static constexpr int kBlocks = draws::blocks_per_sample(Shape());
  static_assert(kVisible <= 32, "one word a pattern");

  struct Shared {
    const float* parameters;
    [[nodiscard]] HELMHOLTZ_DEVICE float load(std::size_t k) const { return parameters[k]; }
  };

  Shared parameters_;
  Philox philox_;
};

/// The words of one sample, worked out block by block as they are read in order.
class SampleWords {
 public:
  struct Block {
    Philox philox;
    std::uint64_t first;
    std::uint32_t row;
    std::uint64_t number;  ///< of the block in `words`
    std::uint32_t words[4];
  };

  explicit HELMHOLTZ_DEVICE SampleWords(Block& block, int slot = 0) : block_(block), slot_(slot) {}

  HELMHOLTZ_DEVICE SampleWords operator+(int n) const { return SampleWords(block_, slot_ + n); }
  HELMHOLTZ_DEVICE std::uint32_t operator[](int i) const {
    const auto slot = static_cast<std::uint32_t>(slot_ + i);
    const auto number = block_.first + slot / 4;
    if (number != block_.number) {
      block_.philox.block(number, block_.row, RandomPurpose::evaluation, block_.words);
      block_.number = number;
    }
    const auto word = slot % 4;
    return word < 2 ? (word == 0 ? block_.words[0] : block_.words[1])
                    : (word == 2 ? block_.words[2] : block_.words[3]);
  }

 private:
  Block& block_;
  int slot_;
};

/// A thread generates samples of one machine of any topology; its states are in shared memory,
/// [units][threads].
class StridedSampler {
 public:
  HELMHOLTZ_DEVICE StridedSampler(const SampleTask& task, Strided<const float> parameters,
                                  std::uint64_t seed, Strided<float> units)
      : task_(task),
        seed_(seed),
        units_(units),
        machine_(task.shape, parameters, parameters, {}, units) {}

  /// The number of sample n's pattern in the world, or the number of patterns if it is none.
  HELMHOLTZ_DEVICE std::uint32_t pattern(std::uint32_t n) {
    SampleWords::Block block{Philox(seed_), task_.first_block, n, task_.first_block - 1, {}};
    sample_network(step::Generative(), machine_, SampleWords(block));
    return found();
  }

 private:
  /// Narrows the sorted patterns word by word.
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t found() const {
    const auto& index = task_.index;
    std::uint32_t begin = 0;
    std::uint32_t end = index.count;
    for (std::uint32_t w = 0; w < index.words_per_pattern && begin < end; ++w) {
      const auto own = word(static_cast<int>(w));
      begin = bound(begin, end, w, own);
      end = own == 0xFFFFFFFFU ? end : bound(begin, end, w, own + 1);
    }
    return begin < end ? index.order[begin] : index.count;
  }

  /// The first pattern of [begin, end) whose word w is at least `least`.
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t bound(std::uint32_t begin, std::uint32_t end,
                                                     std::uint32_t w, std::uint32_t least) const {
    const auto stride = static_cast<std::size_t>(task_.index.words_per_pattern);
    return partition_point(begin, end, [&](std::uint32_t k) HELMHOLTZ_DEVICE_BODY {
      return task_.index.words[k * stride + w] < least;
    });
  }

  /// Visible units 32 w and on.
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t word(int w) const {
    const int first = task_.shape.hidden_units() + 32 * w;
    const int left = task_.shape.units() - first;
    std::uint32_t bits = 0;
    for (int j = 0; j < (left < 32 ? left : 32); ++j) {
      bits |= units_[first + j] != 0.0F ? 1U << j : 0U;
    }
    return bits;
  }

  const SampleTask& task_;
  std::uint64_t seed_;
  Strided<float> units_;
  WakeSleep<FloatOps, LayerShape, Strided<const float>, NoPatterns, Strided<float>> machine_;
};

}  // namespace helmholtz::cuda
