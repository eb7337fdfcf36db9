// Sampled evaluation: against a scalar oracle draw by draw, against the exact distribution, and
// machines side by side.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"
#include "support/forced_target.hpp"
#include "support/random_machines.hpp"

namespace helmholtz {
namespace {

using testing::all_patterns;
using testing::ForcedTarget;
using testing::random_parameters;
using testing::random_world;

using Bits = std::vector<std::uint8_t>;

/// Bias first, then the inputs in order, in partial sums of 32.
float oracle_activity(const LayerView& layer, std::span<const float> w, std::size_t j,
                      const Bits& above) {
  std::vector<float> partial = {w[layer.bias + j]};
  for (std::size_t i = 0; i < above.size(); ++i) {
    if (i != 0 && i % 32 == 0) partial.push_back(0);
    if (above[i] != 0) partial.back() += w[layer.weights + j * above.size() + i];
  }
  return std::accumulate(partial.begin() + 1, partial.end(), partial[0]);
}

/// Sample number n of the evaluation at a step, one unit at a time.
Bits oracle_sample(const Topology& topology, std::span<const float> w, std::uint64_t seed,
                   std::uint64_t step, std::uint32_t n) {
  using exact::Scalar;
  const RandomStream stream{.seed = seed, .purpose = RandomPurpose::evaluation, .row = n};
  const auto first_block = step * (topology.draws_per_sample() / 4);
  std::uint64_t slot = 0;
  Bits above;
  for (int l = 0; l <= topology.last(); ++l) {
    const auto& layer = topology.generative(l);
    Bits units;
    for (int j = 0; j < layer.outputs; ++j) {
      const auto a = oracle_activity(layer, w, static_cast<std::size_t>(j), above);
      const auto word = random_word(stream, first_block, slot++);
      units.push_back(exact::fires<Scalar>(exact::one_plus_exp_minus<Scalar>(a), word) ? 1 : 0);
    }
    above = units;
  }
  return above;
}

Bits pattern(const World& world, std::size_t k) {
  Bits bits;
  for (int i = 0; i < world.visible_units(); ++i) bits.push_back(world.bit(k, i) ? 1 : 0);
  return bits;
}

/// How often each pattern of the world is among samples 0 to samples-1.
std::vector<std::uint64_t> oracle_counts(const Topology& topology, const World& world,
                                         std::span<const float> w, std::uint64_t seed,
                                         std::uint64_t step, std::uint32_t samples) {
  const auto key = [](const Bits& bits) { return std::string(bits.begin(), bits.end()); };
  std::map<std::string, std::uint64_t> seen;
  for (std::uint32_t n = 0; n < samples; ++n) {
    ++seen[key(oracle_sample(topology, w, seed, step, n))];
  }
  std::vector<std::uint64_t> counts;
  for (std::size_t k = 0; k < world.size(); ++k) counts.push_back(seen[key(pattern(world, k))]);
  return counts;
}

/// A world of patterns that a machine generates, and as many that it does not.
World world_of_samples(const Topology& topology, std::span<const float> w, std::uint32_t samples) {
  std::vector<WeightedPattern> patterns;
  for (std::uint32_t n = 0; n < samples; ++n) {
    patterns.push_back({.bits = oracle_sample(topology, w, 1, 0, n)});
    patterns.push_back({.bits = patterns.back().bits});
    for (auto& bit : patterns.back().bits)
      bit = static_cast<std::uint8_t>(n % 3 == 0 ? 1 - bit : bit);
  }
  return {"samples", {.rows = 1, .columns = topology.visible_units()}, patterns};
}

struct Case {
  const char* layers;
  float scale;
};

// Static and run-time sizes, fan-ins above one and two chunks, patterns of one and more words.
constexpr Case kCases[] = {{"1,6,9", 2.0F},   {"2,3,4", 1.0F},     {"5,1", 3.0F},
                           {"3,40,35", 1.0F}, {"2,70,3,64", 0.4F}, {"4,100", 2.0F}};
constexpr std::uint64_t kSeed = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kStep = 5'000'000'000;

TEST(SampledDistribution, CountsWhatAScalarOracleCounts) {
  for (const auto& [layers, scale] : kCases) {
    const auto topology = Topology::parse(layers);
    const auto w = random_parameters(topology, 1, scale, 23);
    const auto world = world_of_samples(topology, w, 40);
    for (const std::uint32_t samples : {1U, 17U, 700U}) {
      const auto expected = oracle_counts(topology, world, w, kSeed, kStep, samples);
      for (const auto& target : simd::available_targets()) {
        const ForcedTarget forced(target);
        const auto sampled = sampled_distribution(topology, world, w, kSeed, kStep, samples);
        EXPECT_EQ(sampled.counts, expected) << layers << ", " << samples << ", " << target;
        const auto inside = std::accumulate(expected.begin(), expected.end(), std::uint64_t{0});
        EXPECT_EQ(sampled.off_support, samples - inside);
        EXPECT_EQ(sampled.samples, samples);
      }
    }
  }
}

TEST(SampledDistribution, FindsEachOfThousandsOfPatterns) {
  const Topology topology({3, 12});
  const auto world = all_patterns(12);
  const auto w = random_parameters(topology, 1, 0.5F, 5);
  const auto sampled = sampled_distribution(topology, world, w, 1, 0, 20'000);
  EXPECT_EQ(sampled.counts, oracle_counts(topology, world, w, 1, 0, 20'000));
  EXPECT_EQ(sampled.off_support, 0U);
}

TEST(GeneratePatterns, AreTheOraclesFromAnySampleOn) {
  for (const auto& [layers, scale] : kCases) {
    const auto topology = Topology::parse(layers);
    const auto w = random_parameters(topology, 1, scale, 29);
    const std::uint64_t first = (std::uint64_t{1} << 29U) + 5;
    const auto patterns = generate_patterns(topology, w, kSeed, kStep, first, 37);
    Bits expected;
    for (std::uint32_t n = 0; n < 37; ++n) {
      const auto row = static_cast<std::uint32_t>(first) + n;
      const auto sample = oracle_sample(topology, w, kSeed, kStep, row);
      expected.insert(expected.end(), sample.begin(), sample.end());
    }
    EXPECT_EQ(patterns, expected) << layers;
  }
}

TEST(GeneratePatterns, AreWhatTheCountsCount) {
  const Topology topology({1, 6, 9});
  const auto world = make_world("kirby3x3");
  const auto w = random_parameters(topology, 1, 1.0F, 31);
  const auto sampled = sampled_distribution(topology, world, w, 8, 100, 3000);
  const auto patterns = generate_patterns(topology, w, 8, 100, 0, 3000);
  for (std::size_t k = 0; k < world.size(); ++k) {
    const auto wanted = pattern(world, k);
    std::uint64_t count = 0;
    for (std::size_t n = 0; n < patterns.size(); n += 9) {
      count += std::equal(wanted.begin(), wanted.end(), &patterns[n]) ? 1 : 0;
    }
    EXPECT_EQ(sampled.counts[k], count) << k;
  }
}

TEST(SampledDistribution, AgreesWithTheExactOne) {
  // A count is binomial(N, Q): standard deviation sqrt(N Q (1 - Q)). By the normal approximation,
  // which N Q > 10 allows, |z| > 5 has probability 6e-7 a pattern, below 1e-4 in all.
  constexpr std::uint64_t kSamples = 200'000;
  int compared = 0;
  for (const auto* layers : {"1,6,9", "2,3,4,5"}) {
    const auto topology = Topology::parse(layers);
    const auto world = random_world(topology.visible_units(), 60, 3);
    const auto w = random_parameters(topology, 1, 1.0F, 37);
    const auto exact = exact_distribution(topology, world, std::span<const float>(w));
    const auto sampled = sampled_distribution(topology, world, w, 3, 1, kSamples);
    for (std::size_t k = 0; k < world.size(); ++k) {
      const double q = std::exp(exact.log_probabilities[k]);
      const double expected = kSamples * q;
      if (expected < 10) continue;
      const double z =
          (static_cast<double>(sampled.counts[k]) - expected) / std::sqrt(expected * (1 - q));
      EXPECT_TRUE(std::abs(z) <= 5) << layers << " pattern " << k << ", z = " << z;
      ++compared;
    }
    const double off = static_cast<double>(sampled.off_support) / kSamples;
    const double error = std::sqrt(exact.off_support * (1 - exact.off_support) / kSamples);
    EXPECT_TRUE(std::abs(off - exact.off_support) <= 5 * error + 1e-12) << layers;
  }
  EXPECT_GE(compared, 50);
}

TEST(DistributionFromCounts, GivesTheKlInNats) {
  const World world("two", {.rows = 1, .columns = 1},
                    {{.bits = {0}, .weight = 1}, {.bits = {1}, .weight = 3}});
  const auto distribution = distribution_from_counts(world, {20, 30}, 100);
  EXPECT_NEAR(distribution.kl, 0.25 * std::log(0.25 / 0.2) + 0.75 * std::log(0.75 / 0.3), 1e-15);
  EXPECT_EQ(distribution.off_support, 50U);
  EXPECT_EQ(distribution.unseen, 0U);
}

TEST(DistributionFromCounts, IsNeverBelowZeroByRounding) {
  for (std::uint64_t patterns = 2; patterns <= 200; ++patterns) {
    std::vector<WeightedPattern> list;
    std::vector<std::uint64_t> counts;
    for (std::uint64_t k = 0; k < patterns; ++k) {
      std::vector<std::uint8_t> bits;
      for (unsigned i = 0; i < 8; ++i) bits.push_back(static_cast<std::uint8_t>((k >> i) & 1U));
      counts.push_back(1 + k % 7);
      list.push_back({.bits = bits, .weight = 0.1 * static_cast<double>(counts.back())});
    }
    const auto samples = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    const World world("counted", {.rows = 1, .columns = 8}, list);
    const double kl = distribution_from_counts(world, counts, samples).kl;
    EXPECT_TRUE(kl >= 0 && kl < 1e-12) << patterns << " patterns: " << kl;
  }
}

TEST(DistributionFromCounts, KeepsWhatIsFurtherBelowZero) {
  const World world("one", {.rows = 1, .columns = 1}, {{.bits = {1}}});
  EXPECT_DOUBLE_EQ(distribution_from_counts(world, {20}, 10).kl, -std::log(2.0));
}

TEST(DistributionFromCounts, IsInfiniteAsSoonAsAPatternIsUnseen) {
  const auto world = all_patterns(2);
  const auto distribution = distribution_from_counts(world, {5, 0, 5, 0}, 10);
  EXPECT_EQ(distribution.kl, std::numeric_limits<double>::infinity());
  EXPECT_EQ(distribution.unseen, 2U);
}

Ensemble ensemble_of(std::size_t machines) {
  Topology topology({1, 6, 9});
  Ensemble ensemble{.topology = topology,
                    .world = make_world("kirby3x3"),
                    .settings = {{.rates = LearningRateOptions{}.resolve(topology),
                                  .schedule = {},
                                  .initialisation = {}}},
                    .machines = {}};
  for (std::size_t m = 0; m < machines; ++m) {
    ensemble.machines.push_back({.seed = 1000 + m, .setting = 0});
  }
  return ensemble;
}

TEST(EvaluateMachines, GivesEachMachineWhatItGetsAlone) {
  const auto ensemble = ensemble_of(11);
  const auto n = ensemble.topology.parameters();
  const auto w = random_parameters(ensemble.topology, 9, 0.3F, 41);
  std::vector<Evaluation> out(9);
  evaluate_machines(ensemble, 2, w, 77, {.exact = true, .samples = 20'000}, out);
  for (std::size_t m = 0; m < out.size(); ++m) {
    const auto own = std::span(w).subspan(m * n, n);
    const auto sampled =
        sampled_distribution(ensemble.topology, ensemble.world, own, 1002 + m, 77, 20'000);
    EXPECT_EQ(out[m].kl_exact, exact_distribution(ensemble.topology, ensemble.world, own).kl);
    EXPECT_EQ(out[m].kl_sampled, sampled.kl);
    EXPECT_TRUE(std::isfinite(out[m].kl_sampled)) << "too few samples for this test";
    EXPECT_EQ(out[m].unseen, sampled.unseen);
    EXPECT_FALSE(out[m].diverged);
  }
}

TEST(EvaluateMachines, ADivergedMachineDisturbsNoNeighbour) {
  const auto ensemble = ensemble_of(9);
  const auto n = ensemble.topology.parameters();
  auto w = random_parameters(ensemble.topology, 9, 0.3F, 43);
  const EvaluationOptions options{.exact = true, .samples = 20'000};
  std::vector<Evaluation> healthy(9);
  evaluate_machines(ensemble, 0, w, 3, options, healthy);
  w[2 * n + 7] = std::numeric_limits<float>::quiet_NaN();
  w[4 * n] = 1e30F;
  w[8 * n + 100] = -std::numeric_limits<float>::infinity();
  std::vector<Evaluation> out(9);
  evaluate_machines(ensemble, 0, w, 3, options, out);
  for (std::size_t m = 0; m < out.size(); ++m) {
    const bool diverged = m == 2 || m == 4 || m == 8;
    EXPECT_EQ(out[m].diverged, diverged) << m;
    if (diverged) {
      EXPECT_TRUE(std::isnan(out[m].kl_exact)) << m;
      EXPECT_TRUE(std::isnan(out[m].kl_sampled)) << m;
      EXPECT_TRUE(std::isnan(out[m].unseen)) << m;
    } else {
      EXPECT_EQ(out[m].kl_exact, healthy[m].kl_exact) << m;
      EXPECT_EQ(out[m].kl_sampled, healthy[m].kl_sampled) << m;
    }
  }
}

TEST(EvaluateMachines, ComputesOnlyWhatIsAskedForAndFeasible) {
  auto ensemble = ensemble_of(1);
  std::vector<Evaluation> out(1);
  const auto w = random_parameters(ensemble.topology, 1, 1.0F, 47);
  evaluate_machines(ensemble, 0, w, 0, {.exact = false, .samples = 0}, out);
  EXPECT_TRUE(std::isnan(out[0].kl_exact));
  EXPECT_TRUE(std::isnan(out[0].kl_sampled));
  ensemble.topology = Topology({25, 9});
  const auto wide = random_parameters(ensemble.topology, 1, 1.0F, 47);
  evaluate_machines(ensemble, 0, wide, 0, {.exact = true, .samples = 10}, out);
  EXPECT_TRUE(std::isnan(out[0].kl_exact));
  EXPECT_FALSE(std::isnan(out[0].kl_sampled));
}

}  // namespace
}  // namespace helmholtz
