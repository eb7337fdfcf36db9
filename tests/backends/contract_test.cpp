// What every backend promises. A new backend is a line in the registry: its suite runs by itself.
// HELMHOLTZ_REQUIRE_BACKENDS=name,… turns the skip of a backend that cannot run here into a
// failure.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "support/contract.hpp"
#include "support/random_data.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::Contract;
using testing::parameters_of;
using testing::random_data;
using testing::random_ensemble;

INSTANTIATE_TEST_SUITE_P(Backends, Contract, ::testing::ValuesIn(testing::every_backend()),
                         testing::backend_name);

// Machines learn: from scratch, every backend gets closer to the world.
TEST_P(Contract, Learns) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, 3, 0);
  ensemble.world = make_world("kirby3x3");
  ensemble.settings[0].rates = LearningRateOptions{}.resolve(ensemble.topology);
  auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
  std::vector<Evaluation> before(3);
  std::vector<Evaluation> after(3);
  trainer.evaluate({.exact = true, .samples = 0}, 0, before);
  trainer.train(5'000);
  trainer.evaluate({.exact = true, .samples = 0}, 0, after);
  for (std::size_t m = 0; m < 3; ++m) EXPECT_LT(after[m].kl_exact, before[m].kl_exact - 0.5);
}

/// The rows as patterns, those that are equal merged.
World merged(const World& data) {
  std::vector<WeightedPattern> patterns(data.size());
  for (std::size_t k = 0; k < data.size(); ++k) {
    for (int i = 0; i < data.visible_units(); ++i) {
      patterns[k].bits.push_back(data.bit(k, i) ? 1 : 0);
    }
  }
  return {"merged", data.shape(), patterns};
}

// Rows of a data set, which are drawn as patterns are: without the last row, which repeats the
// first one, they are an enumerable world. Patterns of one word that are compared, and others.
TEST_P(Contract, RowsOfADataSetAreDrawnAsPatterns) {
  for (const auto& [units, rows] : {std::pair{12, 21U}, {45, 71U}}) {
    auto ensemble = random_ensemble({2, 5, units}, 3, 5);
    const auto data = random_data(units, rows);
    const auto first = data->train.words().first((rows - 1) * packed_words(units));
    const std::vector<std::uint32_t> distinct(first.begin(), first.end());
    ensemble.world = data_world(std::make_shared<const Dataset>(
        Dataset{.name = "distinct", .train = Rows(units, distinct)}));
    const auto of_data = trained(ensemble, 40, 2);
    ensemble.world = merged(ensemble.world);
    ASSERT_EQ(ensemble.world.size(), rows - 1);
    EXPECT_EQ(of_data, trained(ensemble, 40, 2));
  }
}

// Nothing enumerates a data set's rows, and nobody may ask for it.
TEST_P(Contract, NoKlOfADataSet) {
  auto ensemble = random_ensemble({2, 5, 12}, 2, 3);
  ensemble.world = data_world(random_data(12, 20));
  auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
  trainer.train(5);
  for (const auto& evaluation : trainer.evaluate({.exact = true, .samples = 100})) {
    EXPECT_TRUE(std::isnan(evaluation.kl_exact));
    EXPECT_TRUE(std::isnan(evaluation.kl_sampled));
    EXPECT_FALSE(evaluation.diverged);
  }
  EXPECT_THROW(static_cast<void>(trainer.kl_quantiles(std::array{0.5})), InvalidArgument);
}

TEST_P(Contract, AMachineIsUnchangedByItsNeighboursAndThreads) {
  for (const int batch : {1, 3}) {
    const auto ensemble = random_ensemble({2, 5, 12}, batch, 33);
    const auto together = trained(ensemble, 30, 2);
    EXPECT_EQ(trained(ensemble, 30, 1), together);
    const auto stride = ensemble.topology.parameters();
    for (const std::size_t m : {0U, 1U, 15U, 16U, 31U, 32U}) {
      auto alone = ensemble;
      alone.machines = {ensemble.machines[m]};
      const auto* const begin = together.data() + m * stride;
      EXPECT_EQ(trained(alone, 30, 1), std::vector<float>(begin, begin + stride)) << m;
    }
  }
}

TEST_P(Contract, WhatIsWrittenIsReadBackAndTrainedFrom) {
  const auto ensemble = random_ensemble({2, 5, 12}, 1, 5);
  const auto whole = trained(ensemble, 60, 2);
  const auto first = trained(ensemble, 25, 2);
  auto blank = ensemble;
  blank.settings[0].initialisation = {};
  auto trainer = make_trainer(blank, {.backend = GetParam(), .threads = 2});
  trainer.write_parameters(0, 5, first);
  EXPECT_EQ(parameters_of(trainer, 0, 5), first);
  trainer.set_step(25);
  trainer.train(35);
  EXPECT_EQ(trainer.step(), 60U);
  EXPECT_EQ(parameters_of(trainer, 0, 5), whole);
}

TEST_P(Contract, ADivergingMachineLeavesTheOthersAlone) {
  auto ensemble = random_ensemble({2, 5, 12}, 1, 3);
  const auto finite = trained(ensemble, 40, 1);
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.settings[1].rates = LearningRateOptions{
      .rate = 1e38,
      .generative = {},
      .recognition = {},
      .per_layer = {}}.resolve(ensemble.topology);
  ensemble.machines[1].setting = 1;
  auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 1});
  trainer.train(40);
  std::vector<Evaluation> evaluations(3);
  trainer.evaluate({.exact = true, .samples = 100}, 0, evaluations);
  EXPECT_FALSE(evaluations[0].diverged);
  EXPECT_TRUE(evaluations[1].diverged);
  EXPECT_TRUE(std::isnan(evaluations[1].kl_exact));
  EXPECT_FALSE(evaluations[2].diverged);
  const auto stride = ensemble.topology.parameters();
  for (const std::size_t m : {0U, 2U}) {
    const auto* const begin = finite.data() + m * stride;
    EXPECT_EQ(parameters_of(trainer, m, 1), std::vector<float>(begin, begin + stride));
  }
}

TEST_P(Contract, RefusesWhatItCannotTrain) {
  auto ensemble = random_ensemble({2, 5, 12}, 1, 1);
  ensemble.batch = 0;
  EXPECT_THROW(make_trainer(ensemble, {.backend = GetParam()}), InvalidArgument);
  ensemble.batch = 1;
  for (const int particles : {0, Ensemble::kMaxParticles + 1}) {
    ensemble.particles = particles;
    EXPECT_THROW(make_trainer(ensemble, {.backend = GetParam()}), InvalidArgument);
  }
  ensemble.particles = 1;
  ensemble.settings[0].rates.recognition_wake.pop_back();
  EXPECT_THROW(make_trainer(ensemble, {.backend = GetParam()}), InvalidArgument);
  ensemble.settings[0].rates.recognition_wake.push_back(0);
  ensemble.topology = Topology({2, 5, 11});
  EXPECT_THROW(make_trainer(ensemble, {.backend = GetParam()}), InvalidArgument);
}

TEST_P(Contract, RefusesMachinesThatItDoesNotHave) {
  auto trainer = make_trainer(random_ensemble({2, 5, 12}, 1, 3), {.backend = GetParam()});
  std::vector<float> floats(trainer.ensemble().topology.parameters() * 2);
  std::vector<Evaluation> evaluations(2);
  EXPECT_THROW(trainer.read_parameters(2, 2, floats), InvalidArgument);
  EXPECT_THROW(trainer.read_parameters(SIZE_MAX, 2, floats), InvalidArgument);
  EXPECT_THROW(trainer.read_parameters(0, 1, floats), InvalidArgument);
  EXPECT_THROW(trainer.write_parameters(2, 2, floats), InvalidArgument);
  EXPECT_THROW(trainer.write_parameters(0, 3, floats), InvalidArgument);
  EXPECT_THROW(trainer.evaluate({}, 2, evaluations), InvalidArgument);
  EXPECT_NO_THROW(trainer.read_parameters(1, 2, floats));
}

TEST_P(Contract, HundredStepsAreTenTimesTen) {
  for (const int batch : {1, 31, 33}) {
    auto ensemble = random_ensemble({2, 9, 33}, batch, 3);
    ensemble.settings[0].schedule = Schedule::parse("inverse:0.01");
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    for (int i = 0; i < 10; ++i) trainer.train(10);
    EXPECT_EQ(parameters_of(trainer, 0, 3), trained(ensemble, 100, 2)) << "batch " << batch;
  }
}

TEST_P(Contract, RateZeroChangesNothing) {
  for (const int batch : {1, 33}) {
    auto ensemble = random_ensemble({2, 9, 33}, batch, 3);
    auto& rates = ensemble.settings[0].rates;
    for (auto& rate : rates.generative) rate = 0;
    for (auto& rate : rates.recognition) rate = 0;
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    trainer.train(10);
    EXPECT_EQ(trainer.step(), 10U);
    EXPECT_EQ(parameters_of(trainer, 0, 3), trained(ensemble, 0, 2)) << "batch " << batch;
  }
}

TEST_P(Contract, MeanIsSumWithTheRateOverTheBatch) {
  auto mean = random_ensemble({2, 9, 33}, 32, 3);  // a power of 2: rate / B is exact
  auto sum = mean;
  mean.reduction = BatchReduction::mean;
  for (auto& rate : sum.settings[0].rates.generative) rate /= 32;
  for (auto& rate : sum.settings[0].rates.recognition) rate /= 32;
  EXPECT_EQ(trained(mean, 20, 2), trained(sum, 20, 2));
  EXPECT_NE(trained(mean, 20, 2), trained(mean, 0, 2));
}

TEST_P(Contract, EachLayerLearnsAtItsOwnRate) {
  auto base = random_ensemble({2, 9, 33}, 16, 1);
  auto& all = base.settings[0].rates;
  all.generative.assign(3, 0.0);
  all.recognition.assign(2, 0.0);
  const auto start = trained(base, 0, 1);
  const auto changed_only = [&](const Ensemble& ensemble, const LayerView& layer) {
    const auto after = trained(ensemble, 3, 1);
    const auto end = layer.bias + static_cast<std::size_t>(layer.outputs);
    for (std::size_t k = 0; k < after.size(); ++k) {
      if ((k < layer.weights || k >= end) && after[k] != start[k]) return false;
      if (k >= layer.bias && k < end && after[k] == start[k]) return false;
    }
    return true;
  };
  for (int l = 0; l <= 2; ++l) {
    auto ensemble = base;
    ensemble.settings[0].rates.generative[static_cast<std::size_t>(l)] = 0.01;
    EXPECT_TRUE(changed_only(ensemble, base.topology.generative(l))) << "generative " << l;
  }
  for (int l = 0; l < 2; ++l) {
    auto ensemble = base;
    ensemble.settings[0].rates.recognition[static_cast<std::size_t>(l)] = 0.01;
    EXPECT_TRUE(changed_only(ensemble, base.topology.recognition(l))) << "recognition " << l;
  }
}

TEST_P(Contract, NonnegativeKeepsTheVisibleWeightsAtZeroOrMore) {
  for (const int batch : {1, 33}) {
    auto ensemble = random_ensemble({2, 9, 140}, batch, 1);
    const auto free = trained(ensemble, 50, 2);
    ensemble.nonnegative = true;
    const auto kept = trained(ensemble, 50, 2);
    const auto& visible = ensemble.topology.generative(2);
    const auto negative = [&](const std::vector<float>& parameters, std::size_t from,
                              std::size_t to) {
      std::size_t count = 0;
      for (auto k = from; k < to; ++k) count += parameters[k] >= 0 ? 0U : 1U;
      return count;
    };
    EXPECT_EQ(negative(kept, visible.weights, visible.bias), 0U);
    EXPECT_GT(negative(free, visible.weights, visible.bias), 0U);
    EXPECT_GT(negative(kept, 0, visible.weights), 0U);
  }
}

TEST_P(Contract, FollowsTheSchedule) {
  auto halving = random_ensemble({2, 9, 33}, 8, 1);
  halving.settings[0].schedule = Schedule::parse("exponential:0.5:1");
  auto constant = random_ensemble({2, 9, 33}, 8, 1);
  EXPECT_EQ(trained(halving, 1, 1), trained(constant, 1, 1));
  for (auto& rate : constant.settings[0].rates.generative) rate /= 4;
  for (auto& rate : constant.settings[0].rates.recognition) rate /= 4;
  const auto later = [&](const Ensemble& ensemble) {
    auto at_two = make_trainer(ensemble, {.backend = GetParam(), .threads = 1});
    at_two.set_step(2);
    at_two.train(1);
    return parameters_of(at_two, 0, 1);
  };
  EXPECT_EQ(later(halving), later(constant));
}

}  // namespace
}  // namespace helmholtz
