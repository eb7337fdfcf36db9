// Importance sampling: against the exact distribution of worlds that can be enumerated, particle by
// particle against double, and apart from rows and threads beside it.
#include "helmholtz/log_likelihood.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/random.hpp"
#include "support/forced_target.hpp"
#include "support/random_machines.hpp"

namespace helmholtz {
namespace {

using testing::ForcedTarget;
using testing::random_parameters;
using testing::random_world;

PackedRows rows_of(const World& world) { return {world.words(), world.words_per_pattern()}; }

bool same_bits(const std::vector<RowLikelihood>& a, const std::vector<RowLikelihood>& b) {
  return std::ranges::equal(a, b, [](const RowLikelihood& x, const RowLikelihood& y) {
    return x.log_likelihood == y.log_likelihood && x.elbo == y.elbo && x.effective == y.effective;
  });
}

/// ln w of one particle, one unit at a time, in double, with the addressed draws.
class Oracle {
 public:
  Oracle(const Topology& topology, std::span<const float> w, std::uint64_t seed)
      : topology_(topology), w_(w), seed_(seed) {}

  /// ln p(x, h) and ln q(h | x) of pattern k and the hidden states in the bits of `state`.
  std::pair<double, double> log_probabilities(const World& world, std::size_t k,
                                              std::uint32_t state) {
    States states;
    for (int l = 0; l < topology_.last(); ++l) {
      states.emplace_back();
      for (int j = 0; j < topology_.size(l); ++j, state >>= 1U) {
        states.back().push_back(static_cast<int>(state & 1U));
      }
    }
    states.emplace_back();
    for (int i = 0; i < topology_.size(topology_.last()); ++i) {
      states.back().push_back(world.bit(k, i) ? 1 : 0);
    }
    double log_q = 0;
    for (int l = 0; l < topology_.last(); ++l) log_q += log_recognition(l, states);
    return {log_generative(states), log_q};
  }

  double log_weight(const PackedRows& rows, std::size_t n, std::uint32_t particle) {
    States states(index(topology_.last()) + 1);
    for (int i = 0; i < topology_.size(topology_.last()); ++i) {
      states.back().push_back(rows.bit(n, index(i)) ? 1 : 0);
    }
    const auto blocks = static_cast<std::uint64_t>((topology_.hidden_units() + 3) / 4);
    const RandomStream stream{seed_, RandomPurpose::importance, particle};
    std::uint64_t slot = 0;
    double log_q = 0;
    for (int l = topology_.last() - 1; l >= 0; --l) {
      const auto& layer = topology_.recognition(l);
      for (int j = 0; j < layer.outputs; ++j) {
        const auto word = random_word(stream, n * blocks, slot++);
        const double p = probability(layer, j, states[index(l) + 1]);
        states[index(l)].push_back(std::ldexp(static_cast<double>(word >> 9U), -23) < p ? 1 : 0);
      }
      log_q += log_recognition(l, states);
    }
    return log_generative(states) - log_q;
  }

 private:
  using States = std::vector<std::vector<int>>;

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  double log_layer(const LayerView& layer, const std::vector<int>& inputs,
                   const std::vector<int>& states) const {
    double sum = 0;
    for (int j = 0; j < layer.outputs; ++j) {
      const double p = probability(layer, j, inputs);
      sum += std::log(states[index(j)] == 1 ? p : 1 - p);
    }
    return sum;
  }
  double log_recognition(int l, const States& states) const {
    return log_layer(topology_.recognition(l), states[index(l) + 1], states[index(l)]);
  }
  double log_generative(const States& states) const {
    double sum = 0;
    for (int l = 0; l <= topology_.last(); ++l) {
      sum += log_layer(topology_.generative(l), l == 0 ? std::vector<int>{} : states[index(l) - 1],
                       states[index(l)]);
    }
    return sum;
  }
  [[nodiscard]] double probability(const LayerView& layer, int j,
                                   const std::vector<int>& inputs) const {
    double a = w_[layer.bias + static_cast<std::size_t>(j)];
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      a += inputs[i] * double{w_[layer.weights + static_cast<std::size_t>(j) * inputs.size() + i]};
    }
    return 1 / (1 + std::exp(-a));
  }

  const Topology& topology_;
  std::span<const float> w_;
  std::uint64_t seed_;
};

TEST(LogLikelihood, EveryParticleIsTheOracles) {
  const Topology topology({3, 21, 34, 70});
  const auto w = random_parameters(topology, 1, 1.5F, 3);
  const auto world = random_world(70, 40, 5);
  const auto rows = rows_of(world);
  constexpr std::uint32_t kParticles = 300;  // more than a tile holds
  constexpr std::uint64_t kSeed = 0x1234567890ABCDEF;
  const auto estimates = row_likelihoods(topology, w, rows, kSeed, {.particles = kParticles});
  Oracle oracle(topology, w, kSeed);
  for (std::size_t n = 0; n < rows.size(); ++n) {
    std::vector<double> log_weights;
    for (std::uint32_t k = 0; k < kParticles; ++k) {
      log_weights.push_back(oracle.log_weight(rows, n, k));
    }
    const double most = *std::ranges::max_element(log_weights);
    double sum = 0;
    double squares = 0;
    for (const double lw : log_weights) {
      sum += std::exp(lw - most);
      squares += std::exp(2 * (lw - most));
    }
    // 125 units, 1e-6 nats each; a draw so close to its probability that float32 decides otherwise
    // has odds of 2e-7 per unit, 2e-5 per row and particle with such a weight.
    constexpr double kTolerance = 125e-6;
    EXPECT_NEAR(estimates[n].log_likelihood, most + std::log(sum / kParticles), kTolerance);
    EXPECT_NEAR(estimates[n].elbo,
                std::accumulate(log_weights.begin(), log_weights.end(), 0.0) / kParticles,
                kTolerance);
    EXPECT_NEAR(estimates[n].effective, sum * sum / squares / kParticles, 2 * kTolerance);
  }
}

/// Sums over all hidden states, in double: p(x), and the variance of a weight, relative to p(x)^2.
struct Enumerated {
  double probability = 0;
  double variance = 0;
};

Enumerated enumerate(const Topology& topology, std::span<const float> w, const World& world,
                     std::size_t k) {
  const auto hidden = static_cast<unsigned>(topology.hidden_units());
  double squares = 0;
  Enumerated sums;
  for (std::uint32_t state = 0; state < 1U << hidden; ++state) {
    const auto [log_p, log_q] = Oracle(topology, w, 0).log_probabilities(world, k, state);
    sums.probability += std::exp(log_p);
    squares += std::exp(2 * log_p - log_q);
  }
  sums.variance = squares / (sums.probability * sums.probability) - 1;
  return sums;
}

/// K weights have a mean of p(x) and a variance that follows from their enumeration.
TEST(LogLikelihood, EstimatesTheExactValues) {
  for (const auto& layers :
       {std::vector{1, 6, 9}, std::vector{4, 5, 16}, std::vector{2, 3, 4, 9}}) {
    const Topology topology(layers);
    const auto w = random_parameters(topology, 1, 0.5F, 11);
    const auto world = random_world(layers.back(), 30, 2);
    const auto exact = exact_distribution(topology, world, w);
    for (const std::uint64_t particles : {50, 1000, 30'000}) {
      const auto rows = row_likelihoods(topology, w, rows_of(world), 7, {.particles = particles});
      double variance = 0;  // of the mean over the world
      double bias = 0;      // of a logarithm: half its variance
      for (std::size_t k = 0; k < world.size(); ++k) {
        const auto enumerated = enumerate(topology, w, world, k);
        EXPECT_NEAR(std::log(enumerated.probability), exact.log_probabilities[k], 1e-9);
        const double own = enumerated.variance / static_cast<double>(particles);
        EXPECT_NEAR(std::exp(rows[k].log_likelihood - exact.log_probabilities[k]), 1,
                    5 * std::sqrt(own) + 1e-4)
            << topology.to_string() << " pattern " << k << " particles " << particles;
        EXPECT_LE(rows[k].elbo, rows[k].log_likelihood + 1e-12);
        const double p = world.probabilities()[k];
        variance += p * p * own;
        bias += p * own / 2;
      }
      const auto mean = mean_likelihood(rows, world.probabilities(), particles);
      EXPECT_NEAR(-mean.mean - world.entropy(), exact.kl,
                  5 * std::sqrt(variance) + 2 * bias + 1e-4);
    }
  }
}

TEST(LogLikelihood, OneParticleIsItsOwnBound) {
  const Topology topology({1, 6, 9});
  const auto world = make_world("kirby3x3");
  const auto w = random_parameters(topology, 1, 1.0F, 4);
  for (const auto& row : row_likelihoods(topology, w, rows_of(world), 3, {.particles = 1})) {
    EXPECT_DOUBLE_EQ(row.log_likelihood, row.elbo);
    EXPECT_DOUBLE_EQ(row.effective, 1);
  }
}

TEST(LogLikelihood, DependsOnNoThreadNoOtherRowAndNoInstructionSet) {
  const Topology topology({3, 37, 70});
  const auto w = random_parameters(topology, 1, 0.5F, 6);
  const auto world = random_world(70, 25, 8);
  const auto rows = rows_of(world);
  for (const std::uint64_t particles : {1, 10, 100, 600}) {
    const auto all = row_likelihoods(topology, w, rows, 5, {.particles = particles, .threads = 1});
    EXPECT_TRUE(same_bits(
        row_likelihoods(topology, w, rows, 5, {.particles = particles, .threads = 3}), all));
    const PackedRows first{rows.words.first(7 * rows.words_per_row), rows.words_per_row};
    EXPECT_TRUE(same_bits(row_likelihoods(topology, w, first, 5, {.particles = particles}),
                          {all.begin(), all.begin() + 7}));
    for (const auto& target : simd::available_targets()) {
      const ForcedTarget forced(target);
      EXPECT_TRUE(same_bits(row_likelihoods(topology, w, rows, 5, {.particles = particles}), all))
          << target;
    }
    EXPECT_FALSE(same_bits(row_likelihoods(topology, w, rows, 6, {.particles = particles}), all));
  }
}

TEST(LogLikelihood, HasTheSameBitsOnEveryHost) {
  const auto mean_bits = [](const Topology& topology, std::uint64_t particles) {
    const auto w = random_parameters(topology, 1, 0.5F, 6);
    const auto world = random_world(topology.visible_units(), 25, 8);
    const auto rows = row_likelihoods(topology, w, rows_of(world), 5, {.particles = particles});
    return std::bit_cast<std::uint64_t>(mean_likelihood(rows).mean);
  };
  EXPECT_EQ(mean_bits(Topology({1, 6, 9}), 50), 13842340015521487354U);
  const Topology wide({3, 37, 70});
  EXPECT_EQ(mean_bits(wide, 1), 13857827313460210512U);    // 240 rows at a time
  EXPECT_EQ(mean_bits(wide, 10), 13857260649983249176U);   // 24 rows at a time
  EXPECT_EQ(mean_bits(wide, 100), 13856918983427103002U);  // two rows at a time
  EXPECT_EQ(mean_bits(wide, 600), 13856692609009316078U);  // a single one
}

TEST(LogLikelihood, MeansHaveTheErrorOfTheirRows) {
  const std::vector<RowLikelihood> rows = {{-3, -4, 0.5}, {-5, -6, 0.25}, {-4, -8, 1}};
  const auto sampled = mean_likelihood(rows);
  EXPECT_DOUBLE_EQ(sampled.mean, -4);
  EXPECT_DOUBLE_EQ(sampled.elbo, -6);
  EXPECT_DOUBLE_EQ(sampled.effective, 1.75 / 3);
  EXPECT_DOUBLE_EQ(sampled.standard_error, std::sqrt(1.0 / 3));  // variance 1 of three rows

  const auto whole = mean_likelihood(rows, std::vector{0.5, 0.25, 0.25}, 10);
  EXPECT_DOUBLE_EQ(whole.mean, -3.75);
  // (1 / 0.5 - 1) / 10 = 0.1, (1 / 0.25 - 1) / 10 = 0.3 and 0, by the squares of the probabilities
  EXPECT_DOUBLE_EQ(whole.standard_error, std::sqrt(0.25 * 0.1 + 0.0625 * 0.3));
}

TEST(LogLikelihood, StopsWhenAsked) {
  const Topology topology({1, 6, 9});
  const auto world = make_world("kirby3x3");
  const auto w = random_parameters(topology, 1, 1.0F, 4);
  int asked = 0;
  const auto stop = [&] { return ++asked == 3; };
  EXPECT_TRUE(row_likelihoods(topology, w, rows_of(world), 3,
                              {.particles = 100'000'000, .threads = 1, .stop_requested = stop})
                  .empty());
  EXPECT_EQ(asked, 3);
}

TEST(LogLikelihood, RefusesWhatDoesNotFit) {
  const Topology topology({1, 6, 9});
  const auto world = make_world("kirby3x3");
  const std::vector<float> w(topology.parameters());
  const auto field = [&](const PackedRows& rows, std::uint64_t particles,
                         std::span<const float> parameters) {
    try {
      (void)row_likelihoods(topology, parameters, rows, 0, {.particles = particles});
    } catch (const InvalidArgument& error) {
      return error.field();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(field(rows_of(world), 0, w), "log-likelihood");
  EXPECT_EQ(field(rows_of(world), LogLikelihoodOptions::kMaxParticles + 1, w), "log-likelihood");
  EXPECT_EQ(field({world.words().first(4), 2}, 10, w), "rows");
  EXPECT_EQ(field(rows_of(world), 10, std::span(w).first(5)), "parameters");
  EXPECT_EQ(field(rows_of(world), 10, w), "accepted");
}

}  // namespace
}  // namespace helmholtz
