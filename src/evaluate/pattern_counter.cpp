#include "evaluate/pattern_counter.hpp"

#include <algorithm>
#include <numeric>

namespace helmholtz {

namespace {

/// Up to so many patterns of one word, comparing whole vectors with each beats a binary search.
constexpr std::size_t kMostCompared = 64;

}  // namespace

PatternCounter::PatternCounter(const World& world) : world_(world) {
  if (world.words_per_pattern() == 1 && world.size() <= kMostCompared) return;
  sorted_.resize(world.size());
  std::iota(sorted_.begin(), sorted_.end(), 0U);
  std::sort(sorted_.begin(), sorted_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::lexicographical_compare(pattern(a), pattern(b));
  });
}

void PatternCounter::add(const simd::PackedPatterns& samples, std::size_t count,
                         std::span<std::uint64_t> counts) const {
  if (sorted_.empty()) {
    compare_all(samples, count, counts);
  } else {
    look_up_each(samples, count, counts);
  }
}

void PatternCounter::compare_all(const simd::PackedPatterns& samples, std::size_t count,
                                 std::span<std::uint64_t> counts) const {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    counts[k] += simd::count_equal(samples.words, count, pattern(k)[0]);
  }
}

void PatternCounter::look_up_each(const simd::PackedPatterns& samples, std::size_t count,
                                  std::span<std::uint64_t> counts) const {
  std::vector<std::uint32_t> sample(world_.words_per_pattern());
  for (std::size_t n = 0; n < count; ++n) {
    for (std::size_t w = 0; w < sample.size(); ++w) {
      sample[w] = samples.words[w * samples.stride + n];
    }
    const auto found = std::lower_bound(
        sorted_.begin(), sorted_.end(), sample, [&](std::uint32_t k, const auto& words) {
          return std::ranges::lexicographical_compare(pattern(k), words);
        });
    if (found != sorted_.end() && std::ranges::equal(pattern(*found), sample)) ++counts[*found];
  }
}

std::span<const std::uint32_t> PatternCounter::pattern(std::size_t k) const {
  return world_.words().subspan(k * world_.words_per_pattern(), world_.words_per_pattern());
}

}  // namespace helmholtz
