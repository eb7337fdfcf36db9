// How often units are on: against sums over all hidden states, and against the generated patterns.
#include "evaluate/activity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/log_likelihood.hpp"
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

/// ln p(x, h) - ln q(h | x) of a row and hidden units, top layer first, as bits.
double log_weight(const Topology& topology, const std::vector<float>& w,
                  const std::vector<unsigned>& layers) {
  double sum = 0;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const unsigned above = l == 0 ? 0 : layers[l - 1];
    sum += std::log(of_states(topology.generative(static_cast<int>(l)), w, layers[l], above));
  }
  for (std::size_t l = 0; l + 1 < layers.size(); ++l) {
    sum -=
        std::log(of_states(topology.recognition(static_cast<int>(l)), w, layers[l], layers[l + 1]));
  }
  return sum;
}

TEST_F(Activity, RecognisedUnitsAreTheFirstParticles) {
  const PackedRows rows{world_.words(), world_.words_per_pattern()};
  const auto hidden = recognise_rows(topology_, parameters_, rows, kSeed);
  const auto likelihoods = row_likelihoods(topology_, parameters_, rows, kSeed, {.particles = 1});
  ASSERT_EQ(hidden.size(), rows.size() * 5);
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto bit = [&](std::size_t i) { return unsigned{hidden[5 * n + i]}; };
    const auto top = bit(0) | bit(1) << 1U;
    const auto middle = bit(2) | bit(3) << 1U | bit(4) << 2U;
    const double weight = log_weight(topology_, parameters_, {top, middle, rows.words[n]});
    EXPECT_NEAR(weight, likelihoods[n].log_likelihood, 1e-5) << n;
  }
}

TEST_F(Activity, RecognisesNoFurtherRowsWhenItIsToStop) {
  const PackedRows rows{world_.words(), world_.words_per_pattern()};
  int asked = 0;
  const auto hidden =
      recognise_rows(topology_, parameters_, rows, kSeed, [&] { return ++asked == 3; });
  const auto all = recognise_rows(topology_, parameters_, rows, kSeed);
  EXPECT_EQ(hidden, std::vector<std::uint8_t>(all.begin(), all.begin() + 2 * 5));
}

TEST_F(Activity, RecognisesOnlyRowsOfItsOwnUnits) {
  EXPECT_THROW(static_cast<void>(recognise_rows(topology_, parameters_, {}, kSeed)),
               InvalidArgument);
  const std::vector<std::uint32_t> words(4);
  EXPECT_THROW(static_cast<void>(recognise_rows(topology_, parameters_, {words, 2}, kSeed)),
               InvalidArgument);
}

}  // namespace
}  // namespace helmholtz
