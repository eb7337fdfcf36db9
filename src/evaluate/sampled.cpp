#include "evaluate/sampled.hpp"

#include <limits>
#include <utility>

#include "model/portable_math.hpp"

namespace helmholtz {

namespace {

#define HELMHOLTZ_FN inline
#include "evaluate/kl_from_counts.inl"
#undef HELMHOLTZ_FN

}  // namespace

SampledDistribution distribution_from_counts(const World& world, std::vector<std::uint64_t> counts,
                                             std::uint64_t samples) {
  std::vector<double> log_probabilities;
  log_probabilities.reserve(world.size());
  for (const double p : world.probabilities()) log_probabilities.push_back(portable::log(p));
  const auto counted = kl_from_counts(counts.data(), world.size(), static_cast<double>(samples),
                                      world.probabilities().data(), log_probabilities.data(),
                                      [](double x) { return portable::log(x); });
  return {.counts = std::move(counts),
          .samples = samples,
          .off_support = samples - counted.seen,
          .unseen = counted.unseen,
          .kl = counted.unseen > 0 ? std::numeric_limits<double>::infinity() : counted.kl};
}

SampledDistribution SampledEvaluator::evaluate(const float* parameters, std::uint64_t seed,
                                               std::uint64_t step, std::uint64_t samples) const {
  std::vector<std::uint64_t> counts(counter_.world().size());
  add(parameters, seed, step, 0, samples, counts);
  return distribution_from_counts(counter_.world(), std::move(counts), samples);
}

void SampledEvaluator::add(const float* parameters, std::uint64_t seed, std::uint64_t step,
                           std::uint64_t first, std::uint64_t count,
                           std::span<std::uint64_t> counts) const {
  generator_.for_each_block(parameters, seed, step, first, count,
                            [&](const simd::PackedPatterns& block, std::size_t size) {
                              counter_.add(block, size, counts);
                            });
}

SampledDistribution sampled_distribution(const Topology& topology, const World& world,
                                         std::span<const float> parameters, std::uint64_t seed,
                                         std::uint64_t step, std::uint64_t samples) {
  const PatternCounter counter(world);
  return SampledEvaluator(topology, counter).evaluate(parameters.data(), seed, step, samples);
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
