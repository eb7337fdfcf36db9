// Exact evaluation: against a brute force that shares nothing with it, and the same bits for every
// block size and instruction set.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "support/forced_target.hpp"
#include "support/random_machines.hpp"

namespace helmholtz {
namespace {

using testing::all_patterns;
using testing::ForcedTarget;
using testing::random_parameters;
using testing::random_world;

using Units = std::vector<int>;

/// P(s_l = units | above) as a product of libm's sigmoids. Long double reaches 1e-4900, so hundreds
/// of unlikely units do not underflow.
long double layer_probability(const LayerView& layer, std::span<const float> w, const Units& above,
                              const Units& units) {
  long double product = 1;
  for (std::size_t j = 0; j < units.size(); ++j) {
    long double a = w[layer.bias + j];
    for (std::size_t i = 0; i < above.size(); ++i) {
      a += above[i] * static_cast<long double>(w[layer.weights + j * above.size() + i]);
    }
    product *= 1 / (1 + std::exp(units[j] != 0 ? -a : a));
  }
  return product;
}

/// P(visible = pattern, all layers above l given) summed over every state of every hidden layer.
long double sum_states(const Topology& topology, std::span<const float> w, int l,
                       const Units& above, const Units& visible) {
  const auto& layer = topology.generative(l);
  if (l == topology.last()) return layer_probability(layer, w, above, visible);
  long double sum = 0;
  for (unsigned state = 0; state < 1U << static_cast<unsigned>(layer.outputs); ++state) {
    Units units;
    for (int j = 0; j < layer.outputs; ++j) {
      units.push_back(static_cast<int>((state >> static_cast<unsigned>(j)) & 1U));
    }
    sum +=
        layer_probability(layer, w, above, units) * sum_states(topology, w, l + 1, units, visible);
  }
  return sum;
}

long double brute_force(const Topology& topology, std::span<const float> w, const World& world,
                        std::size_t k) {
  Units visible;
  for (int i = 0; i < world.visible_units(); ++i) visible.push_back(world.bit(k, i) ? 1 : 0);
  return sum_states(topology, w, 0, {}, visible);
}

void expect_brute_force(const Topology& topology, const World& world, float scale) {
  const auto w = random_parameters(topology, 1, scale, 7);
  const auto exact = exact_distribution(topology, world, std::span<const float>(w));
  long double kl = 0;
  for (std::size_t k = 0; k < world.size(); ++k) {
    const auto q = brute_force(topology, w, world, k);
    // 1e-12 in ln Q is 1e-12 relative in Q.
    EXPECT_NEAR(exact.log_probabilities[k], static_cast<double>(std::log(q)), 1e-12)
        << topology.to_string() << " pattern " << k;
    const long double p = world.probabilities()[k];
    kl += p * std::log(p / q);
  }
  EXPECT_NEAR(exact.kl, static_cast<double>(kl), 1e-12) << topology.to_string();
}

TEST(ExactDistribution, EqualsABruteForceOverAllHiddenStates) {
  for (const auto* layers : {"1,6,9", "3,4", "1,2", "2,3,2,5", "4,1,3", "1,1,1,1,1"}) {
    const auto topology = Topology::parse(layers);
    const auto world = random_world(topology.visible_units(), 9, 3);
    expect_brute_force(topology, world, 0.5F);
    expect_brute_force(topology, world, 6.0F);
  }
  expect_brute_force(Topology({1, 6, 9}), make_world("kirby3x3"), 2.0F);
}

TEST(ExactDistribution, EqualsABruteForceWithHundredsOfVisibleUnits) {
  expect_brute_force(Topology({2, 3, 784}), random_world(784, 4, 5), 1.0F);
}

TEST(ExactDistribution, EqualsAMachineWorkedByHand) {
  // P(top) = 3/4. Top off: P(v) = (1/2, 1/4); top on: (3/4, 3/4).
  const double ln3 = std::log(3.0);
  const std::vector<double> w = {ln3, ln3, 2 * ln3, 0, -ln3, 0, 0, 0};  // R, c: unused
  const Topology topology({1, 2});
  ASSERT_EQ(w.size(), topology.parameters());
  const auto exact = exact_distribution(topology, all_patterns(2), std::span<const double>(w));
  const double expected[] = {9 / 64., 15 / 64., 11 / 64., 29 / 64.};  // 00, 10, 01, 11
  double kl = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(std::exp(exact.log_probabilities[k]), expected[k], 1e-15);
    kl += 0.25 * std::log(0.25 / expected[k]);
  }
  EXPECT_NEAR(exact.kl, kl, 1e-15);
  EXPECT_NEAR(exact.off_support, 0, 1e-15);
}

TEST(ExactDistribution, SumsToOneOverAllPatterns) {
  for (const auto* layers : {"1,6,9", "2,3,5", "3,2,4,6", "7,8"}) {
    const auto topology = Topology::parse(layers);
    const auto world = all_patterns(topology.visible_units());
    const auto w = random_parameters(topology, 1, 3.0F, 11);
    const auto exact = exact_distribution(topology, world, std::span<const float>(w));
    double sum = 0;
    for (const double log_q : exact.log_probabilities) sum += std::exp(log_q);
    EXPECT_NEAR(sum, 1, 1e-13) << layers;
    EXPECT_NEAR(exact.off_support, 0, 1e-13) << layers;
    EXPECT_GE(exact.kl, 0) << layers;
  }
}

TEST(ExactDistribution, TakesDoublesAsTheyAre) {
  const Topology topology({2, 3, 4});
  const auto world = random_world(4, 5, 1);
  const auto floats = random_parameters(topology, 1, 2.0F, 2);
  std::vector<double> doubles(floats.begin(), floats.end());
  const auto from_floats = exact_distribution(topology, world, std::span<const float>(floats));
  const auto same = exact_distribution(topology, world, std::span<const double>(doubles));
  EXPECT_EQ(from_floats.log_probabilities, same.log_probabilities);
  doubles[0] += 1e-9;  // less than a float resolves
  EXPECT_NE(exact_distribution(topology, world, std::span<const double>(doubles)).kl, same.kl);
}

TEST(ExactDistribution, StaysFiniteForAbsurdWeights) {
  const Topology topology({2, 3, 784});
  const auto world = random_world(784, 3, 1);
  for (const float scale : {1e3F, 1e6F}) {
    const auto w = random_parameters(topology, 1, scale, 3);
    const auto exact = exact_distribution(topology, world, std::span<const float>(w));
    for (const double log_q : exact.log_probabilities) {
      EXPECT_TRUE(std::isfinite(log_q));
      EXPECT_LT(log_q, 0);
    }
    EXPECT_TRUE(std::isfinite(exact.kl));
    EXPECT_NEAR(exact.off_support, 1, 1e-12);
  }
}

TEST(ExactDistribution, EnumeratesTheLargestLayer) {
  const Topology topology({20, 1});
  std::vector<float> w(topology.parameters(), 0.0F);
  w[topology.generative(1).bias] = 1.0F;
  const auto exact = exact_distribution(topology, all_patterns(1), std::span<const float>(w));
  EXPECT_NEAR(exact.log_probabilities[1], -std::log1p(std::exp(-1.0)), 1e-9);
}

TEST(ExactDistribution, EndsSoonWhenItIsToStop) {
  const Topology topology({20, 64});  // minutes of work
  const auto world = random_world(64, 2000, 5);
  const auto w = random_parameters(topology, 1, 1.0F, 3);
  int asked = 0;
  const auto exact =
      exact_distribution(topology, world, std::span<const float>(w), [&] { return ++asked == 3; });
  EXPECT_TRUE(exact.log_probabilities.empty());
  EXPECT_EQ(asked, 3);
}

TEST(ExactKl, HasTheSameBitsInEveryBlockAndInstructionSet) {
  for (const auto* layers : {"1,6,9", "3,2,4,9", "5,9"}) {
    const auto topology = Topology::parse(layers);
    const auto world = make_world("kirby3x3");
    const auto n = topology.parameters();
    const auto w = random_parameters(topology, 33, 5.0F, 17);
    std::vector<double> alone;
    for (std::size_t m = 0; m < 33; ++m) {
      const auto own = std::span<const float>(w).subspan(m * n, n);
      alone.push_back(exact_distribution(topology, world, own).kl);
    }
    for (const auto& target : simd::available_targets()) {
      const ForcedTarget forced(target);
      for (const std::size_t count : {1U, 7U, 33U}) {
        std::vector<double> kl(count);
        exact_kl(topology, world, std::span(w).first(count * n), kl);
        for (std::size_t m = 0; m < count; ++m) {
          EXPECT_EQ(std::bit_cast<std::uint64_t>(kl[m]), std::bit_cast<std::uint64_t>(alone[m]))
              << layers << ", " << target << ", machine " << m << " of " << count;
        }
      }
    }
  }
}

/// Machines whose model is all but sure of a world's single pattern, so that their KL is 0 to
/// within rounding, every third with another one that is not.
std::vector<float> sure_machines(const Topology& topology, std::size_t machines) {
  auto w = random_parameters(topology, machines, 1.0F, 23);
  const auto& bottom = topology.generative(topology.last());
  const auto outputs = static_cast<std::size_t>(bottom.outputs);
  for (std::size_t m = 0; m < machines; ++m) {
    for (std::size_t j = 0; j < outputs; ++j) {
      w[m * topology.parameters() + bottom.bias + j] += m % 3 == 2 ? 1.0F : 100.0F;
    }
  }
  return w;
}

TEST(ExactKl, IsNeverBelowZeroByRounding) {
  constexpr std::size_t kMachines = 300;
  std::size_t below = 0;  // before the rule
  for (const auto* layers : {"1,3", "3,8,1", "2,4,9"}) {
    const auto topology = Topology::parse(layers);
    const std::vector<std::uint8_t> ones(static_cast<std::size_t>(topology.visible_units()), 1);
    const World world("ones", {.rows = 1, .columns = topology.visible_units()}, {{.bits = ones}});
    const auto n = topology.parameters();
    const auto w = sure_machines(topology, kMachines);
    std::vector<std::uint64_t> expected;
    for (std::size_t m = 0; m < kMachines; ++m) {
      const auto own = std::span<const float>(w).subspan(m * n, n);
      const auto exact = exact_distribution(topology, world, own);
      if (exact.log_probabilities[0] > 0) ++below;
      const double kl = exact.log_probabilities[0] > 0 ? 0 : 0 - exact.log_probabilities[0];
      EXPECT_EQ(std::bit_cast<std::uint64_t>(exact.kl), std::bit_cast<std::uint64_t>(kl))
          << layers << ", machine " << m;
      expected.push_back(std::bit_cast<std::uint64_t>(kl));
    }
    for (const auto& target : simd::available_targets()) {
      const ForcedTarget forced(target);
      std::vector<double> kl(kMachines);
      exact_kl(topology, world, w, kl);
      for (std::size_t m = 0; m < kMachines; ++m) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(kl[m]), expected[m])
            << layers << ", " << target << ", machine " << m;
      }
    }
  }
  EXPECT_GT(below, kMachines / 10);
}

TEST(ExactIsFeasible, UpToTwentyUnitsInTwoNeighbouringHiddenLayers) {
  const auto feasible = [](const char* layers) {
    return exact_is_feasible(Topology::parse(layers));
  };
  EXPECT_TRUE(feasible("20,1000"));
  EXPECT_FALSE(feasible("21,3"));
  EXPECT_TRUE(feasible("10,10,5"));
  EXPECT_FALSE(feasible("10,11,5"));
  EXPECT_TRUE(feasible("1,19,1,19,3"));
  EXPECT_FALSE(feasible("12,8,13,9"));
}

TEST(ExactIsFeasible, ElseTheExactFunctionsThrow) {
  const Topology topology({21, 2});
  const std::vector<float> w(topology.parameters());
  std::vector<double> kl(1);
  try {
    exact_kl(topology, all_patterns(2), w, kl);
    FAIL() << "accepted 21 hidden units";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.field(), "layers");
  }
  EXPECT_THROW(exact_distribution(topology, all_patterns(2), std::span<const float>(w)),
               InvalidArgument);
}

}  // namespace
}  // namespace helmholtz
