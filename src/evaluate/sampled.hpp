#pragma once

#include "evaluate/pattern_counter.hpp"
#include "evaluate/sample_generator.hpp"
#include "helmholtz/evaluation.hpp"

namespace helmholtz {

/// sampled_distribution for one machine after the other.
class SampledEvaluator {
 public:
  /// Keeps references to both.
  SampledEvaluator(const Topology& topology, const World& world)
      : world_(world), generator_(topology), counter_(world) {}

  [[nodiscard]] SampledDistribution evaluate(const float* parameters, std::uint64_t seed,
                                             std::uint64_t step, std::uint64_t samples) const;

 private:
  const World& world_;
  SampleGenerator generator_;
  PatternCounter counter_;
};

}  // namespace helmholtz
