#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {
namespace {

using exact::Scalar;
using Words = std::array<std::uint32_t, 4>;

TEST(Topology, CountsTheNotebooksParametersAndDraws) {
  const Topology topology({1, 6, 9});
  EXPECT_EQ(topology.generative_parameters(), 76U);
  EXPECT_EQ(topology.parameters(), 76U + 67U);
  EXPECT_EQ(topology.draws_per_step(), 24U);
  EXPECT_EQ(topology.draws_per_sample(), 16U);
}

/// Random123's known answers (kat_vectors, philox4x32 10).
TEST(Random, IsPhilox) {
  EXPECT_EQ(random_block({}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(random_block({.seed = ~0ULL, .purpose = RandomPurpose{~0U}, .row = ~0U}, ~0ULL),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  const RandomStream pi{
      .seed = 0x299f31d0a4093822, .purpose = RandomPurpose{0x03707344}, .row = 0x13198a2e};
  EXPECT_EQ(random_block(pi, 0x85a308d3243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
  EXPECT_EQ(random_word(pi, 0x85a308d3243f6a87, 6), 0x5001e420U);
}

TEST(ExactArithmetic, IsWithinItsStatedErrors) {
  for (float a = -10; a <= 10; a += 0.00037F) {
    const double exact = 1 + std::exp(-static_cast<double>(a));
    ASSERT_TRUE(std::abs(exact::one_plus_exp_minus<Scalar>(a) / exact - 1) < 3e-7) << a;
  }
  for (const float d : {1.0F, 3.0F, 0x1p60F}) {  // a reciprocal's error repeats with every octave
    for (float x = d; x < 2 * d; x = std::nextafter(x, 4 * d) * (1 + 0x1p-17F)) {
      const double exact = 1 / static_cast<double>(x);
      const double ulp = std::exp2(std::floor(std::log2(exact)) - 23);
      ASSERT_TRUE(std::abs(exact::reciprocal<Scalar>(x) - exact) < 0.8 * ulp) << x;
    }
  }
  EXPECT_EQ(exact::sigmoid<Scalar>(0.0F), 0.5F);
  EXPECT_EQ(exact::sigmoid<Scalar>(1e30F), exact::sigmoid<Scalar>(80.0F));
  EXPECT_EQ(exact::sigmoid<Scalar>(-1e30F), exact::sigmoid<Scalar>(-80.0F));
}

TEST(ExactArithmetic, LogarithmsAndWeightsAreWithinTheirStatedErrors) {
  EXPECT_EQ(exact::exp_minus<Scalar>(0.0F), 1.0F);
  EXPECT_EQ(exact::log_scaled<Scalar>(1.0F, 0), 0.0F);
  for (const int exponent : {-1000, -1, 0, 1, 3}) {
    for (float x = 0.5F; x < 2; x = std::nextafter(x, 4.0F) * (1 + 0x1p-17F)) {
      const double exact = std::log(static_cast<double>(x)) + exponent * std::log(2.0);
      const auto log = exact::log_scaled<Scalar>(x, static_cast<std::uint32_t>(exponent));
      ASSERT_TRUE(std::abs(log - exact) <= 3e-7 * std::abs(exact)) << x << " 2^" << exponent;
    }
  }
  std::vector<float> one = {-123.456F};
  exact::normalise_weights<Scalar>(one.data(), 1);
  EXPECT_EQ(one[0], 1.0F);
  std::vector<float> several = {-3.0F, -1.0F, -200.0F, -1.0F, 0.5F};
  std::vector<double> expected;
  double total = 0;
  for (const double log : several) expected.push_back(std::exp(log));
  for (const double w : expected) total += w;
  exact::normalise_weights<Scalar>(several.data(), 5);
  EXPECT_EQ(several[1], several[3]);
  double sum = 0;
  for (std::size_t k = 0; k < 5; ++k) {
    // exp is within 3e-7 of itself where it counts, the sum and its reciprocal within four
    // roundings.
    EXPECT_TRUE(std::abs(several[k] - expected[k] / total) <= 6e-7) << k;
    sum += several[k];
  }
  EXPECT_TRUE(std::abs(sum - 1) <= 6e-7);
}

// 300 units, so that the product of their D's leaves the range of a float many times over.
TEST(ExactArithmetic, OneLogarithmIsThatOfEveryUnit) {
  constexpr int kUnits = 300;
  exact::LogProbability<Scalar> p(kUnits);
  exact::LogProbability<Scalar> q(kUnits / 2);
  double expected = 0;
  std::uint32_t word = 1;
  for (int i = 0; i < kUnits; ++i) {
    word = word * 1664525 + 1013904223;
    const float a = static_cast<float>(static_cast<std::int32_t>(word)) * 0x1p-28F;  // [-8, 8)
    const float state = i % 3 == 0 ? 1.0F : 0.0F;
    const double signed_a = state == 1 ? a : -a;
    const double log = -std::log1p(std::exp(-signed_a));
    const auto d = exact::one_plus_exp_minus<Scalar>(a);
    p.add(a, d, state);
    expected += log;
    if (i % 2 == 1) continue;
    q.add(a, d, state);
    expected -= log;
  }
  const double ratio = exact::LogProbability<Scalar>::log_ratio(p, q);
  // Each D is within 3e-7 of itself, each of 450 sums of activities within half an ulp of 1024.
  EXPECT_TRUE(std::abs(ratio - expected) <= 450 * (3e-7 + 0x1p-15)) << ratio - expected;
  EXPECT_GT(std::abs(expected), 100);
}

/// u < 1/D for u = k / 2^23, D = 4: fires below a quarter.
TEST(ExactArithmetic, AUnitFiresBelowItsProbability) {
  EXPECT_TRUE(exact::fires<Scalar>(4.0F, (0x200000U - 1) << 9U | 0x1FF));
  EXPECT_FALSE(exact::fires<Scalar>(4.0F, 0x200000U << 9U));
  EXPECT_TRUE(exact::fires<Scalar>(4.0F, 0));
  EXPECT_FALSE(exact::fires<Scalar>(4.0F, ~0U));
}

TEST(Schedule, HasItsFactors) {
  EXPECT_EQ(Schedule{}.factor(1'000'000), 1.0);
  EXPECT_EQ(Schedule::parse("inverse:0.5").factor(0), 1.0);
  EXPECT_EQ(Schedule::parse("inverse:0.5").factor(6), 0.25);
  const auto halving = Schedule::parse("exponential:0.5:10");
  EXPECT_EQ(halving.factor(9), 1.0);
  EXPECT_EQ(halving.factor(10), 0.5);
  EXPECT_EQ(halving.factor(59), 0x1p-5);
  EXPECT_EQ(Schedule::parse("exponential:0.5").factor(3), 0.125);
}

TEST(Optimizer, ReadsWhatItWrites) {
  for (const std::string text : {"sgd", "momentum:0.9", "momentum:0", "adam:0.5,0,1e-05"}) {
    EXPECT_EQ(Optimizer::parse(text).to_string(), text);
  }
  EXPECT_EQ(Optimizer::parse("adam").to_string(), "adam:0.9,0.999,1e-08");
  EXPECT_EQ(Optimizer().to_string(), "sgd");
  EXPECT_EQ(Optimizer::parse("sgd").means(), 0);
  EXPECT_EQ(Optimizer::parse("momentum:0.9").means(), 1);
  EXPECT_EQ(Optimizer::parse("adam").means(), 2);
}

// 1 - 1e-9 and 1e-46 round to 1 and to 0 in float32.
TEST(Optimizer, RefusesWhatItDoesNotKnow) {
  for (const std::string text : {"",
                                 "SGD",
                                 "sgd:1",
                                 "momentum",
                                 "momentum:",
                                 "momentum:1",
                                 "momentum:-0.1",
                                 "momentum:nan",
                                 "momentum:0.999999999",
                                 "momentum:1e300",
                                 "momentum:0.9,0.9",
                                 "adam:",
                                 "adam:0.9",
                                 "adam:0.9,0.999",
                                 "adam:0.9,0.999,0",
                                 "adam:0.9,0.999,1e-46",
                                 "adam:0.9,0.999,inf",
                                 "adam:0.9,1,1e-8",
                                 "adam:1,0.9,1e-8",
                                 "adam:0.9,0.999,1e-8,1"}) {
    try {
      Optimizer::parse(text);
      ADD_FAILURE() << text;
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.field(), "optimizer");
    }
  }
}

TEST(LearningRates, TheMoreSpecificEntryWins) {
  const Topology topology({1, 6, 9});
  LearningRateOptions options{.rate = 0.1, .generative = {}, .recognition = {}, .per_layer = {}};
  using Rates = std::vector<double>;
  EXPECT_EQ(options.resolve(topology).generative, (Rates{0.1, 0.1, 0.1}));
  options.generative = 0.2;
  EXPECT_EQ(options.resolve(topology).generative, (Rates{0.2, 0.2, 0.2}));
  EXPECT_EQ(options.resolve(topology).recognition, (Rates{0.1, 0.1}));
  options.recognition = 0.3;
  EXPECT_EQ(options.resolve(topology).recognition, (Rates{0.3, 0.3}));
  EXPECT_EQ(options.resolve(topology).recognition_wake, (Rates{0, 0}));
  EXPECT_FALSE(options.resolve(topology).learn_awake());
  options.recognition_wake = 0.4;
  EXPECT_TRUE(options.resolve(topology).learn_awake());
  options.per_layer = {1, 2, 3};
  EXPECT_EQ(options.resolve(topology).generative, (Rates{1, 2, 3}));
  EXPECT_EQ(options.resolve(topology).recognition, (Rates{1, 2}));
  EXPECT_EQ(options.resolve(topology).recognition_wake, (Rates{0.4, 0.4}));
}

/// A machine on three pixels: never on, on in a quarter, always on.
std::vector<float> initial(const char* init, bool nonnegative = false) {
  const Topology topology({5, 3});
  const World world("three", {.rows = 1, .columns = 3},
                    {{.bits = {0, 0, 1}, .weight = 3}, {.bits = {0, 1, 1}, .weight = 1}});
  const Ensemble ensemble{.topology = topology,
                          .world = world,
                          .nonnegative = nonnegative,
                          .settings = {{.rates = LearningRateOptions{}.resolve(topology),
                                        .schedule = {},
                                        .initialisation = Initialisation::parse(init)}},
                          .machines = {{.seed = 7, .setting = 0}}};
  std::vector<float> parameters(topology.parameters(), -1.0F);
  initial_parameters(ensemble, 0, parameters);
  return parameters;
}

TEST(InitialParameters, AreZeroOrNormalAtTheirAddress) {
  EXPECT_EQ(initial("zero"), std::vector<float>(5 + 3 * 6 + 5 * 4, 0.0F));
  const auto normal = initial("normal:0.5");
  const RandomStream stream{.seed = 7, .purpose = RandomPurpose::initial_parameters, .row = 0};
  for (std::size_t k = 0; k < normal.size(); ++k) {
    const double p = (random_word(stream, 0, k) + 0.5) * 0x1p-32;
    EXPECT_NEAR(normal[k], 0.5 * portable::normal_quantile(p), 1e-7) << k;
  }
}

TEST(InitialParameters, VisibleBiasesAreLogitsOfTheMarginals) {
  const auto parameters = initial("visible-bias:marginal");
  const std::size_t bias = 5 + 3 * 5;
  EXPECT_NEAR(parameters[bias], -std::log(999.0), 1e-6);
  EXPECT_NEAR(parameters[bias + 1], -std::log(3.0), 1e-6);
  EXPECT_NEAR(parameters[bias + 2], std::log(999.0), 1e-6);
  EXPECT_EQ(std::count(parameters.begin(), parameters.end(), 0.0F), 5 + 15 + 20);
  EXPECT_EQ(initial("visible-bias:-2")[bias + 1], -2.0F);
}

TEST(InitialParameters, NonnegativeHoldsForTheVisibleWeightsAlone) {
  const auto free = initial("normal:1");
  const auto kept = initial("normal:1", true);
  for (std::size_t k = 0; k < free.size(); ++k) {
    const bool visible_weight = k >= 5 && k < 20;
    EXPECT_EQ(kept[k], visible_weight ? std::max(free[k], 0.0F) : free[k]) << k;
  }
  EXPECT_NE(kept, free);
}

TEST(Parameters, DigestIsXxh3AndDivergenceHasABound) {
  EXPECT_EQ(parameters_digest({}), 0x2d06800538d394c2U);
  std::vector<float> parameters = {0, kDivergedMagnitude, -kDivergedMagnitude};
  EXPECT_FALSE(has_diverged(parameters));
  for (const float w :
       {std::nextafter(kDivergedMagnitude, 2e6F), -2e6F, std::numeric_limits<float>::quiet_NaN(),
        std::numeric_limits<float>::infinity()}) {
    parameters[0] = w;
    EXPECT_TRUE(has_diverged(parameters)) << w;
  }
}

TEST(PortableMath, NormalQuantile) {
  EXPECT_NEAR(portable::normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(portable::normal_quantile(1e-10), -6.361340902404056, 1e-13);
  EXPECT_NEAR(portable::normal_quantile(1e-3), -3.090232306167813, 1e-14);
  EXPECT_EQ(portable::normal_quantile(0.5), 0.0);
  for (double x = 1e-300; x < 1e300; x *= 1.7)
    EXPECT_NEAR(portable::log(x), std::log(x), 4e-16 * std::abs(std::log(x)));
}

}  // namespace
}  // namespace helmholtz
