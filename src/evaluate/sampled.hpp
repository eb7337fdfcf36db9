#pragma once

#include "evaluate/pattern_counter.hpp"
#include "evaluate/sample_generator.hpp"
#include "helmholtz/evaluation.hpp"

namespace helmholtz {

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
