#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <hwy/aligned_allocator.h>

#include "evaluate/sample_simd.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {

/// Generates the samples of one machine after the other, a block at a time: its memory depends on
/// the topology alone.
class SampleGenerator {
 public:
  /// Keeps a reference to the topology.
  explicit SampleGenerator(const Topology& topology);

  /// Calls visit(samples, count) for successive blocks of samples [first, first + count) of the
  /// evaluation at `step`; a block's columns from `count` on are not among them.
  using Visit = std::function<void(const simd::PackedPatterns& samples, std::size_t count)>;
  void for_each_block(const float* parameters, std::uint64_t seed, std::uint64_t step,
                      std::uint64_t first, std::uint64_t count, const Visit& visit) const;

 private:
  const Topology& topology_;
  std::size_t lanes_;
  std::size_t words_per_pattern_;
  std::size_t block_;  ///< samples, a multiple of the lanes
  hwy::AlignedFreeUniquePtr<std::byte[]> scratch_;
  hwy::AlignedFreeUniquePtr<std::uint32_t[]> words_;
};

/// Counts how many generated samples equal each pattern of a world.
class PatternCounter {
 public:
  /// Keeps a reference to the world.
  explicit PatternCounter(const World& world);
  [[nodiscard]] const World& world() const noexcept { return world_; }

  /// Adds samples [0, count) to counts, one per pattern.
  void add(const simd::PackedPatterns& samples, std::size_t count,
           std::span<std::uint64_t> counts) const;

 private:
  void look_up_each(const simd::PackedPatterns& samples, std::size_t count,
                    std::span<std::uint64_t> counts) const;
  [[nodiscard]] std::span<const std::uint32_t> pattern(std::size_t k) const;

  const World& world_;
  std::vector<std::uint32_t> sorted_;  ///< the patterns' numbers by their words; empty: compare all
};

/// sampled_distribution for one machine after the other, whole or in parts.
class SampledEvaluator {
 public:
  /// Keeps references to both.
  SampledEvaluator(const Topology& topology, const PatternCounter& counter)
      : generator_(topology), counter_(counter) {}

  [[nodiscard]] SampledDistribution evaluate(const float* parameters, std::uint64_t seed,
                                             std::uint64_t step, std::uint64_t samples) const;
  /// Adds samples [first, first + count) to counts, one per pattern.
  void add(const float* parameters, std::uint64_t seed, std::uint64_t step, std::uint64_t first,
           std::uint64_t count, std::span<std::uint64_t> counts) const;

 private:
  SampleGenerator generator_;
  const PatternCounter& counter_;
};

}  // namespace helmholtz
