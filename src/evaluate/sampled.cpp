#include "evaluate/sampled.hpp"

#include <limits>
#include <utility>

#include "model/portable_math.hpp"

namespace helmholtz {

SampledDistribution distribution_from_counts(const World& world, std::vector<std::uint64_t> counts,
                                             std::uint64_t samples) {
  SampledDistribution result{.counts = std::move(counts),
                             .samples = samples,
                             .off_support = samples,
                             .unseen = 0,
                             .kl = 0};
  for (std::size_t k = 0; k < world.size(); ++k) {
    const auto count = result.counts[k];
    result.off_support -= count;
    if (count == 0) {
      ++result.unseen;
      continue;
    }
    const double p = world.probabilities()[k];
    const double log_q = portable::log(static_cast<double>(count) / static_cast<double>(samples));
    result.kl += p * (portable::log(p) - log_q);
  }
  if (result.unseen > 0) result.kl = std::numeric_limits<double>::infinity();
  return result;
}

SampledDistribution SampledEvaluator::evaluate(const float* parameters, std::uint64_t seed,
                                               std::uint64_t step, std::uint64_t samples) const {
  std::vector<std::uint64_t> counts(world_.size());
  generator_.for_each_block(parameters, seed, step, 0, samples,
                            [&](const simd::PackedPatterns& block, std::size_t count) {
                              counter_.add(block, count, counts);
                            });
  return distribution_from_counts(world_, std::move(counts), samples);
}

SampledDistribution sampled_distribution(const Topology& topology, const World& world,
                                         std::span<const float> parameters, std::uint64_t seed,
                                         std::uint64_t step, std::uint64_t samples) {
  return SampledEvaluator(topology, world).evaluate(parameters.data(), seed, step, samples);
}

std::vector<std::uint8_t> generate_patterns(const Topology& topology,
                                            std::span<const float> parameters, std::uint64_t seed,
                                            std::uint64_t step, std::uint64_t first,
                                            std::uint64_t count) {
  const auto units = static_cast<std::size_t>(topology.visible_units());
  std::vector<std::uint8_t> bits;
  bits.reserve(count * units);
  SampleGenerator(topology).for_each_block(
      parameters.data(), seed, step, first, count,
      [&](const simd::PackedPatterns& block, std::size_t size) {
        for (std::size_t n = 0; n < size; ++n) {
          for (std::size_t j = 0; j < units; ++j) {
            const auto word = block.words[j / 32 * block.stride + n];
            bits.push_back(static_cast<std::uint8_t>((word >> (j % 32)) & 1U));
          }
        }
      });
  return bits;
}

}  // namespace helmholtz
