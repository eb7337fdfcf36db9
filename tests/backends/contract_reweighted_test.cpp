// What every backend that trains by reweighted wake-sleep promises of particles and of the
// recognition network's learning in the wake phase.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "backends/registry.hpp"
#include "support/contract.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::Contract;
using testing::parameters_of;
using testing::random_ensemble;

class Reweighted : public Contract {
 protected:
  void SetUp() override {
    Contract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (const auto allowed = find_backend(GetParam()).supports(reweighted({2, 5, 12}, 1, 1, 5))) {
      GTEST_SKIP() << "allowed: " << *allowed;
    }
  }

  static Ensemble reweighted(const std::vector<int>& layers, int batch, std::size_t machines,
                             int particles, double wake = 0.2) {
    auto ensemble = random_ensemble(layers, batch, machines);
    ensemble.particles = particles;
    ensemble.settings[0].rates.recognition_wake.assign(layers.size() - 1, wake / batch);
    return ensemble;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, Reweighted, ::testing::ValuesIn(testing::every_backend()),
                         testing::backend_name);

TEST_P(Reweighted, AMachineIsUnchangedByItsNeighboursAndThreads) {
  for (const int batch : {1, 3}) {
    const auto ensemble = reweighted({2, 5, 12}, batch, 33, 4);
    const auto together = trained(ensemble, 30, 2);
    EXPECT_EQ(trained(ensemble, 30, 1), together);
    const auto stride = ensemble.topology.parameters();
    for (const std::size_t m : {0U, 15U, 16U, 32U}) {
      auto alone = ensemble;
      alone.machines = {ensemble.machines[m]};
      const auto* const begin = together.data() + m * stride;
      EXPECT_EQ(trained(alone, 30, 1), std::vector<float>(begin, begin + stride)) << m;
    }
  }
}

TEST_P(Reweighted, HundredStepsAreTenTimesTen) {
  for (const int particles : {1, 2, 5}) {
    auto ensemble = reweighted({2, 9, 33}, 2, 3, particles);
    ensemble.settings[0].schedule = Schedule::parse("inverse:0.01");
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    for (int i = 0; i < 10; ++i) trainer.train(10);
    EXPECT_EQ(parameters_of(trainer, 0, 3), trained(ensemble, 100, 2)) << particles;
  }
}

TEST_P(Reweighted, RateZeroChangesNothing) {
  auto ensemble = reweighted({2, 9, 33}, 3, 3, 5, 0);
  auto& rates = ensemble.settings[0].rates;
  for (auto& rate : rates.generative) rate = 0;
  for (auto& rate : rates.recognition) rate = 0;
  EXPECT_EQ(trained(ensemble, 10, 2), trained(ensemble, 0, 2));
}

// A setting that learns awake beside it changes nothing of one that does not.
TEST_P(Reweighted, AWakeRateOfZeroIsNone) {
  for (const int particles : {1, 3}) {
    for (const int batch : {1, 2}) {
      const auto without = reweighted({2, 9, 33}, batch, 3, particles, 0);
      auto mixed = without;
      mixed.settings.push_back(reweighted({2, 9, 33}, batch, 1, particles).settings[0]);
      mixed.machines[1].setting = 1;
      const auto expected = trained(without, 30, 1);
      const auto obtained = trained(mixed, 30, 1);
      const auto stride = without.topology.parameters();
      for (std::size_t k = 0; k < expected.size(); ++k) {
        if (k / stride == 1) continue;
        ASSERT_EQ(obtained[k], expected[k]) << k;
      }
      EXPECT_NE(obtained, expected);
    }
  }
}

TEST_P(Reweighted, EachRecognitionLayerLearnsAwakeAtItsOwnRate) {
  auto base = reweighted({2, 9, 33}, 4, 1, 3, 0);
  auto& all = base.settings[0].rates;
  all.generative.assign(3, 0.0);
  all.recognition.assign(2, 0.0);
  const auto start = trained(base, 0, 1);
  for (int l = 0; l < 2; ++l) {
    auto ensemble = base;
    ensemble.settings[0].rates.recognition_wake[static_cast<std::size_t>(l)] = 0.01;
    const auto after = trained(ensemble, 3, 1);
    const auto& layer = base.topology.recognition(l);
    const auto end = layer.bias + static_cast<std::size_t>(layer.outputs);
    for (std::size_t k = 0; k < after.size(); ++k) {
      const bool is_own = k >= layer.weights && k < end;
      if (is_own && k < layer.bias) continue;  // an input may be 0 throughout
      EXPECT_EQ(after[k] != start[k], is_own) << "layer " << l << " parameter " << k;
    }
  }
}

// Where recognition is certain all particles are equal, so each of 2 or 4 weighs a power of two:
// the generative network learns the same from one.
TEST_P(Reweighted, EqualParticlesTeachWhatOneDoes) {
  const auto after = [&](int particles) {
    auto ensemble = reweighted({2, 5, 12}, 1, 1, particles, 0);
    for (auto& rate : ensemble.settings[0].rates.recognition) rate = 0;
    auto start = trained(ensemble, 0, 1);
    for (int l = 0; l < 2; ++l) {
      const auto& layer = ensemble.topology.recognition(l);
      for (int j = 0; j < layer.outputs; ++j) {
        start[layer.bias + static_cast<std::size_t>(j)] = j % 2 == 0 ? 1000.0F : -1000.0F;
      }
    }
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 1});
    trainer.write_parameters(0, 1, start);
    trainer.train(20);
    return parameters_of(trainer, 0, 1);
  };
  const auto one = after(1);
  for (const int particles : {2, 4}) {
    const auto several = after(particles);
    // 20 steps of at most 4 particles, each adding a rounding of 2^-24 to parameters below 4.
    for (std::size_t k = 0; k < one.size(); ++k) {
      EXPECT_TRUE(std::abs(several[k] - one[k]) <= 20 * 4 * 4 * 0x1p-24) << k;
    }
  }
}

TEST_P(Reweighted, Learns) {
  for (const int particles : {1, 5}) {
    auto ensemble = reweighted({1, 6, 9}, 1, 3, particles, 0.05);
    ensemble.world = make_world("kirby3x3");
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    const auto before = trainer.evaluate({.exact = true});
    trainer.train(2'000);
    const auto after = trainer.evaluate({.exact = true});
    for (std::size_t m = 0; m < 3; ++m) EXPECT_LT(after[m].kl_exact, before[m].kl_exact - 0.5);
  }
}

TEST_P(Reweighted, NonnegativeKeepsTheVisibleWeightsAtZeroOrMore) {
  auto ensemble = reweighted({2, 9, 40}, 2, 1, 3);
  ensemble.nonnegative = true;
  const auto kept = trained(ensemble, 50, 1);
  const auto& visible = ensemble.topology.generative(2);
  for (auto k = visible.weights; k < visible.bias; ++k) EXPECT_TRUE(kept[k] >= 0) << k;
}

}  // namespace
}  // namespace helmholtz
