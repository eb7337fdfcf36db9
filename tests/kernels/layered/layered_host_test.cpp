// A whole step of cuda-layered on the host: the calls that a device gets, its kernels' bodies,
// plain loops in place of cuBLAS.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/trainer.hpp"
#include "kernels/layered/layered_host.hpp"
#include "support/one_step.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using cuda::Math;
using testing::compare_one_step;
using testing::LayeredHost;
using testing::OneStepCase;
using testing::random_ensemble;

std::string name_of(Math math) { return math == Math::fp32 ? "fp32" : "bf16x3"; }

class LayeredOneStep : public ::testing::TestWithParam<std::tuple<OneStepCase, Math>> {};

// Three machines side by side, each with a setting of its own, the last one's rate zero.
TEST_P(LayeredOneStep, AgreesWithDoubleAndWithTheReference) {
  const auto& [test, math] = GetParam();
  auto ensemble = test.ensemble();
  ensemble.machines = random_ensemble(test.layers, test.batch, 3).machines;
  for (const double share : {2.0 / 3, 0.0}) {
    auto setting = ensemble.settings[0];
    const double rate = share * setting.rates.generative[0];
    setting.schedule = Schedule::parse(share > 0 ? "inverse:1e-9" : "constant");
    setting.rates = LearningRateOptions{
        .rate = rate,
        .generative = {},
        .recognition = rate / 2,
        .recognition_wake = test.learns_awake ? rate / 3 : 0,
        .per_layer = {}}.resolve(ensemble.topology);
    ensemble.settings.push_back(setting);
  }
  for (std::uint32_t m = 0; m < 3; ++m) ensemble.machines[m].setting = m;
  int uncertain = 0;
  int certain = 0;
  int flipped = 0;
  for (int state = 0; state < test.states; ++state) {
    for (auto& machine : ensemble.machines) ++machine.seed;
    const auto step = testing::kLateStep + static_cast<std::uint64_t>(state);
    LayeredHost device(ensemble, math);
    const std::vector starts = {device.parameters(0), device.parameters(1), device.parameters(2)};
    for (std::size_t m = 0; m < 3; ++m) {
      device.write_state(m, testing::optimizer_state_under_way(ensemble));
    }
    EXPECT_EQ(device.state(1), testing::optimizer_state_under_way(ensemble));
    device.train(step, 1);
    for (std::uint32_t m = 0; m < 3; ++m) {
      auto alone = ensemble;
      alone.machines = {ensemble.machines[m]};
      const auto compared = compare_one_step(alone, starts[m], step, device.parameters(m));
      uncertain += compared.uncertain;
      flipped += compared.from_double <= compared.tolerance ? 0 : 1;
      if (compared.uncertain > 0) continue;
      ++certain;
      EXPECT_TRUE(compared.from_double <= compared.tolerance)
          << "machine " << m << ": " << compared.from_double << " > " << compared.tolerance;
      EXPECT_TRUE(compared.from_reference <= 2 * compared.tolerance)
          << "machine " << m << ": " << compared.from_reference << " > " << 2 * compared.tolerance;
    }
  }
  fmt::print("{} uncertain draws; {} of {} steps without any; {} steps with a flipped unit\n",
             uncertain, certain, 3 * test.states, flipped);
  EXPECT_GE(certain, 1 + 3 * test.states / 4);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LayeredOneStep,
    ::testing::Combine(
        ::testing::Values(
            OneStepCase{{1, 6, 9}, 1, 1.0, 8}, OneStepCase{{3, 2}, 1, 1.0, 8},
            OneStepCase{{1, 1, 1, 1}, 5, 1.0, 8}, OneStepCase{{5, 40, 70}, 1, 0.3, 8},
            OneStepCase{{5, 40, 70}, 31, 0.3, 8}, OneStepCase{{8, 16, 32, 64}, 33, 0.3, 6},
            OneStepCase{{130, 257}, 1, 0.02, 8}, OneStepCase{{3, 140, 150}, 45, 0.03, 4},
            OneStepCase{{3, 2}, 1100, 1.0, 4}, OneStepCase{{5, 40, 70}, 7, 0.3, 8, "momentum:0.9"},
            OneStepCase{{1, 6, 9}, 1, 1.0, 8, "adam"},
            OneStepCase{{5, 9, 12, 40}, 31, 0.3, 8, "adam"},
            OneStepCase{{1, 6, 9}, 1, 0.3, 8, "sgd", 10},
            OneStepCase{{1, 6, 9}, 3, 0.3, 8, "sgd", 1, true},
            OneStepCase{{5, 12, 40}, 7, 0.1, 8, "sgd", 3, true},
            OneStepCase{{4, 9, 20}, 2, 0.3, 8, "adam", 5, true}),
        ::testing::Values(Math::fp32, Math::bf16x3)),
    [](const auto& test) {
      return fmt::format("{}_batch{}_{}", test.index, std::get<0>(test.param).batch,
                         name_of(std::get<1>(test.param)));
    });

class LayeredStep : public ::testing::TestWithParam<Math> {};
INSTANTIATE_TEST_SUITE_P(Maths, LayeredStep, ::testing::Values(Math::fp32, Math::bf16x3),
                         [](const auto& test) { return name_of(test.param); });

// All parameters zero: p is 1/2, so a unit is on where its word's top bit is not set. After the
// step every unit is a dreamt one.
TEST_P(LayeredStep, UnitsTakeTheAddressedWords) {
  const auto ensemble = random_ensemble({3, 9, 14}, 35, 2, 0);
  const auto& topology = ensemble.topology;
  const std::uint64_t step = 999'999'999'999;
  auto still = ensemble;
  still.settings[0].rates =
      LearningRateOptions{.rate = 0, .generative = {}, .recognition = {}, .per_layer = {}}.resolve(
          topology);
  LayeredHost device(still, GetParam());
  device.train(step, 1);
  for (std::uint32_t m = 0; m < 2; ++m) {
    for (std::uint32_t b = 0; b < 35; ++b) {
      std::uint64_t slot = 1 + static_cast<std::uint64_t>(topology.hidden_units());
      for (int l = 0; l <= topology.last(); ++l) {
        for (int j = 0; j < topology.size(l); ++j) {
          const RandomStream stream{.seed = ensemble.machines[m].seed, .row = b};
          const auto word = random_word(stream, step * (topology.draws_per_step() / 4), slot++);
          ASSERT_EQ(device.unit(m, l, j, static_cast<int>(b)), word >> 31U == 0 ? 1.0F : 0.0F);
        }
      }
    }
  }
}

/// Row n of 24 has unit n alone on, of grey rows with P = 128/255. Rates are so small that P(unit =
/// 1) stays 1/2, so all draw the same dreams, and the visible biases tell which rows were visited.
constexpr double kTinyRate = 0x1p-20;
Ensemble on_one_hot_rows(int batch, int particles, Order order, bool is_grey) {
  constexpr int kRows = 24;
  std::vector<std::uint32_t> one_hot;
  std::vector<std::uint8_t> grey(kRows * kRows);
  for (std::size_t n = 0; n < kRows; ++n) {
    one_hot.push_back(1U << n);
    grey[n * kRows + n] = 128;
  }
  auto ensemble = random_ensemble({2, kRows}, batch, 2, 0);
  ensemble.particles = particles;
  ensemble.settings[0].rates = LearningRateOptions{.rate = kTinyRate}.resolve(ensemble.topology);
  ensemble.order = order;
  ensemble.world = data_world(std::make_shared<const Dataset>(
      Dataset{.name = "one hot", .train = is_grey ? Rows(kRows, grey) : Rows(kRows, one_hot)}));
  return ensemble;
}

// Two and a half epochs; more than two in a step; visits beyond 2^32; grey rows, in either order.
TEST_P(LayeredStep, VisitsTheRowsThatTheReferenceVisits) {
  constexpr std::uint32_t kSteps = 12;
  struct Rows {
    int batch = 1;
    int particles = 1;
    std::uint64_t first = 0;
    Order order = Order::epochs;
    bool is_grey = false;
  };
  for (const auto& [batch, particles, first, order, is_grey] :
       {Rows{5, 1}, Rows{5, 3}, Rows{50, 1, 3}, Rows{5, 3, 1ULL << 33U},
        Rows{5, 3, 1ULL << 33U, Order::epochs, true}, Rows{50, 2, 3, Order::iid, true}}) {
    const auto ensemble = on_one_hot_rows(batch, particles, order, is_grey);
    auto reference = make_trainer(ensemble, {.backend = "reference"});
    reference.set_step(first);
    LayeredHost device(ensemble, GetParam());
    const auto bias = ensemble.topology.generative(1).bias;
    for (std::uint32_t step = 0; step < kSteps; ++step) {
      reference.train(1);
      device.train(first + step, 1);
      for (std::size_t m = 0; m < ensemble.size(); ++m) {
        const auto expected = reference.parameters(m);
        const auto found = device.parameters(m);
        for (auto k = bias; k < bias + 24; ++k) {
          EXPECT_NEAR(found[k] / kTinyRate, expected[k] / kTinyRate, 0.01)
              << "batch " << batch << " step " << step << " machine " << m << " unit " << k - bias;
        }
      }
    }
    LayeredHost at_once(ensemble, GetParam());
    at_once.train(first, kSteps);
    EXPECT_EQ(at_once.parameters(1), device.parameters(1));
  }
}

TEST_P(LayeredStep, AMachineIsUnchangedByItsNeighboursAndByChunksOfSteps) {
  const auto ensemble = random_ensemble({10, 100, 200}, 3, 35);
  LayeredHost together(ensemble, GetParam());
  together.train(0, 3);
  for (const std::size_t m : {0U, 20U, 34U}) {
    auto alone = ensemble;
    alone.machines = {ensemble.machines[m]};
    LayeredHost device(alone, GetParam());
    device.train(0, 1);
    device.train(1, 2);
    EXPECT_EQ(device.parameters(0), together.parameters(m)) << "machine " << m;
  }
}

// The two phases have columns of other numbers: what pads those of one is not left from the other.
TEST_P(LayeredStep, NothingButParametersOutlivesAStep) {
  auto ensemble = random_ensemble({3, 9, 14}, 11, 1);
  ensemble.particles = 3;
  LayeredHost device(ensemble, GetParam());
  device.train(0, 1);
  LayeredHost other(ensemble, GetParam());
  other.write(0, device.parameters(0));
  device.train(1, 1);
  other.train(1, 1);
  EXPECT_EQ(device.parameters(0), other.parameters(0));
}

TEST_P(LayeredStep, NonnegativeWeightsStaySo) {
  auto ensemble = random_ensemble({2, 6, 12}, 20, 2, 0.5);
  ensemble.nonnegative = true;
  LayeredHost device(ensemble, GetParam());
  device.train(0, 5);
  const auto& visible = ensemble.topology.generative(2);
  int zeros = 0;
  for (std::size_t m = 0; m < 2; ++m) {
    const auto machine = device.parameters(m);
    for (std::size_t k = 0; k < 12 * 6; ++k) {
      EXPECT_GE(machine[visible.weights + k], 0.0F);
      zeros += machine[visible.weights + k] == 0 ? 1 : 0;
    }
  }
  EXPECT_GT(zeros, 0);
}

TEST_P(LayeredStep, ADivergingMachineLeavesTheOthersAlone) {
  auto ensemble = random_ensemble({2, 5, 12}, 4, 3);
  LayeredHost sane(ensemble, GetParam());
  sane.train(0, 5);
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.settings[1].rates = LearningRateOptions{
      .rate = 1e38,
      .generative = {},
      .recognition = {},
      .per_layer = {}}.resolve(ensemble.topology);
  ensemble.machines[1].setting = 1;
  LayeredHost device(ensemble, GetParam());
  device.train(0, 5);
  EXPECT_TRUE(has_diverged(device.parameters(1)));
  EXPECT_EQ(device.parameters(0), sane.parameters(0));
  EXPECT_EQ(device.parameters(2), sane.parameters(2));
}

// Six products per fed layer, however many machines there are and however large; kernels: the
// pattern, the units of L + L + 1 layers, the errors of two networks, the clock. Of
// the products, 2 L sample and come one after the other; those that learn are four groups.
TEST(LayeredStep, LaunchesOfAStep) {
  for (const auto& layers : {std::vector{1, 6, 9}, {10, 100, 200, 784}}) {
    const int last = static_cast<int>(layers.size()) - 1;
    const auto ensemble = random_ensemble(layers, 2, 5);
    LayeredHost device(ensemble, Math::fp32);
    device.train(0, 1);
    EXPECT_EQ(device.products(), 6 * last);
    EXPECT_EQ(device.kernels(), 2 * last + 5);
    EXPECT_EQ(device.depth(), 2 * last + 4 + device.kernels());
    LayeredHost split(ensemble, Math::bf16x3);
    split.train(0, 1);
    EXPECT_EQ(split.products(), 6 * last);
    EXPECT_EQ(split.kernels(), 2 * last + 7 + 2);  // and two before the first step
    EXPECT_EQ(split.depth(), 2 * last + 4 + split.kernels());
  }
}

// With several particles two scores and their weights; with a recognition network that learns
// awake, its activities and gradients once more, and its errors.
TEST(LayeredStep, LaunchesOfAReweightedStep) {
  auto ensemble = random_ensemble({10, 20, 30}, 2, 1);
  ensemble.particles = 3;
  LayeredHost device(ensemble, Math::fp32);
  device.train(0, 1);
  EXPECT_EQ(device.products(), 12);
  EXPECT_EQ(device.kernels(), 9 + 3);
  ensemble.settings[0].rates.recognition_wake.assign(2, 0.1);
  LayeredHost awake(ensemble, Math::fp32);
  awake.train(0, 1);
  EXPECT_EQ(awake.products(), 12 + 4);
  EXPECT_EQ(awake.kernels(), 9 + 3 + 1);
}

}  // namespace
}  // namespace helmholtz
