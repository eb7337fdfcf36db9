// How often units are on: against sums over all hidden states, and against the generated patterns.
#include "evaluate/activity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "helmholtz/evaluation.hpp"
#include "support/random_machines.hpp"

namespace helmholtz {
namespace {

using testing::all_patterns;
using testing::random_parameters;

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kStep = 3;

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

/// sigma of a unit's activity whose inputs are the bits of `inputs`.
double probability(const LayerView& layer, const std::vector<float>& w, int j, unsigned inputs) {
  double a = w[layer.bias + static_cast<unsigned>(j)];
  for (int i = 0; i < layer.inputs; ++i) {
    if ((inputs >> static_cast<unsigned>(i) & 1U) != 0) {
      a += w[layer.weights + static_cast<unsigned>(j * layer.inputs + i)];
    }
  }
  return sigmoid(a);
}

/// The probability that a layer has these states.
double of_states(const LayerView& layer, const std::vector<float>& w, unsigned states,
                 unsigned inputs) {
  double p = 1;
  for (int j = 0; j < layer.outputs; ++j) {
    const double on = probability(layer, w, j, inputs);
    p *= (states >> static_cast<unsigned>(j) & 1U) != 0 ? on : 1 - on;
  }
  return p;
}

class Activity : public ::testing::Test {
 protected:
  UnitActivity measure(const std::vector<WeightedRow>& shown) {
    return unit_activity(topology_, parameters_, kSeed, kStep,
                         {world_.words(), world_.words_per_pattern()}, shown);
  }

  Topology topology_{{2, 3, 4}};
  World world_ = all_patterns(4);
  std::vector<float> parameters_ = random_parameters(topology_, 1, 2.0F, 11);
};

TEST_F(Activity, OfRecognitionIsTheWeightedMeanOverRows) {
  const auto activity = measure({{.row = 5, .weight = 3}, {.row = 14, .weight = 1}});
  const std::vector<double> visible = {0.75, 0.25, 1, 0.25};
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(activity.recognised[static_cast<std::size_t>(5 + i)],
              visible[static_cast<std::size_t>(i)])
        << i;
  // The first hidden layer's probabilities depend on no draw.
  const auto& layer = topology_.recognition(1);
  for (int j = 0; j < 3; ++j) {
    const double expected = 0.75 * probability(layer, parameters_, j, 5) +
                            0.25 * probability(layer, parameters_, j, 14);
    EXPECT_NEAR(activity.recognised[static_cast<std::size_t>(2 + j)], expected, 1e-6) << j;
  }
}

TEST_F(Activity, OfHigherLayersIsTheMeanOverHiddenStates) {
  // Every row many times: rows of one number have the same draws, so they are copies.
  constexpr std::size_t kCopies = 1000;
  std::vector<std::uint32_t> words;
  std::vector<WeightedRow> shown;
  for (std::size_t n = 0; n < 16 * kCopies; ++n) {
    words.push_back(static_cast<std::uint32_t>(n % 16));
    shown.push_back({.row = n});
  }
  const auto activity = unit_activity(topology_, parameters_, kSeed, kStep, {words, 1}, shown);
  const double tolerance = 5 * 0.5 / std::sqrt(static_cast<double>(shown.size()));
  for (int j = 0; j < 2; ++j) {
    double expected = 0;
    for (unsigned x = 0; x < 16; ++x) {
      for (unsigned h = 0; h < 8; ++h) {
        expected += of_states(topology_.recognition(1), parameters_, h, x) / 16 *
                    probability(topology_.recognition(0), parameters_, j, h);
      }
    }
    EXPECT_NEAR(activity.recognised[static_cast<std::size_t>(j)], expected, tolerance) << j;
  }
}

TEST_F(Activity, OfGenerationIsThatOfTheGeneratedPatterns) {
  constexpr std::size_t kCount = 16'000;
  const auto activity = measure(std::vector<WeightedRow>(kCount));
  const auto bits = generate_patterns(topology_, parameters_, kSeed, kStep, 0, kCount);
  const double tolerance = 5 * 0.5 / std::sqrt(static_cast<double>(kCount));
  for (std::size_t i = 0; i < 4; ++i) {
    double on = 0;
    for (std::size_t n = 0; n < kCount; ++n) on += bits[4 * n + i];
    EXPECT_NEAR(activity.generated[5 + i], on / kCount, tolerance) << i;
  }
  for (int j = 0; j < 2; ++j) {
    EXPECT_NEAR(activity.generated[static_cast<std::size_t>(j)],
                probability(topology_.generative(0), parameters_, j, 0), 1e-6);
  }
}

}  // namespace
}  // namespace helmholtz
