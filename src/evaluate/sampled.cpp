#include "evaluate/sampled.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

#include "model/portable_math.hpp"
#include "simd/target.hpp"

namespace helmholtz {

namespace {

#define HELMHOLTZ_FN inline
#include "evaluate/kl_from_counts.inl"
#undef HELMHOLTZ_FN

/// So many samples that their words stay in the first-level cache, whole vectors of them.
std::size_t block_size(std::size_t words_per_pattern, std::size_t lanes) {
  constexpr std::size_t kWords = 4096;
  constexpr std::size_t kSamples = 512;
  const auto samples = std::min(kSamples, kWords / words_per_pattern);
  return std::max(samples / lanes, std::size_t{1}) * lanes;
}

}  // namespace

SampleGenerator::SampleGenerator(const Topology& topology)
    : topology_(topology),
      lanes_((simd::apply_environment(), simd::sample_lanes())),
      words_per_pattern_(packed_words(topology.visible_units())),
      block_(block_size(words_per_pattern_, lanes_)),
      scratch_(hwy::AllocateAligned<std::byte>(simd::sample_scratch_bytes(topology))),
      words_(hwy::AllocateAligned<std::uint32_t>(words_per_pattern_ * block_)) {
  if (!scratch_ || !words_) throw std::bad_alloc();
}

void SampleGenerator::for_each_block(const float* parameters, std::uint64_t seed,
                                     std::uint64_t step, std::uint64_t first, std::uint64_t count,
                                     const Visit& visit) const {
  const simd::GeneratorTask task{.topology = &topology_,
                                 .parameters = parameters,
                                 .seed = seed,
                                 .first_block = step * (topology_.draws_per_sample() / 4)};
  for (std::uint64_t done = 0; done < count; done += block_) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block_, count - done));
    const auto stride = (size + lanes_ - 1) / lanes_ * lanes_;
    const simd::PackedPatterns samples{.words = words_.get(), .stride = stride};
    simd::generate_samples(task, static_cast<std::uint32_t>(first + done), scratch_.get(), samples);
    visit(samples, size);
  }
}

PatternCounter::PatternCounter(const World& world) : world_(world) {
  require_enumerable(world);
  // So few patterns of one word are found faster by comparing whole vectors with each.
  constexpr std::size_t kMostCompared = 64;
  if (world.words_per_pattern() == 1 && world.size() <= kMostCompared) return;
  sorted_.resize(world.size());
  std::iota(sorted_.begin(), sorted_.end(), 0U);
  std::sort(sorted_.begin(), sorted_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::lexicographical_compare(pattern(a), pattern(b));
  });
}

void PatternCounter::add(const simd::PackedPatterns& samples, std::size_t count,
                         std::span<std::uint64_t> counts) const {
  if (!sorted_.empty()) return look_up_each(samples, count, counts);
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

SampledDistribution distribution_from_counts(const World& world, std::vector<std::uint64_t> counts,
                                             std::uint64_t samples) {
  require_enumerable(world);
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
