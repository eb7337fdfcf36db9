// Every variant of the fused CUDA kernels, its body compiled for the host, gives the reference's
// bits over whole runs: what can be known of a kernel without a device.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "helmholtz/trainer.hpp"
#include "host_device/host_device.hpp"
#include "support/random_data.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using cuda::Variant;
using testing::grey_data;
using testing::HostDevice;
using testing::parameters_of;
using testing::random_data;
using testing::random_ensemble;

std::vector<float> reference(const Ensemble& ensemble, std::uint64_t first, std::uint64_t steps) {
  auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 2});
  trainer.set_step(first);
  trainer.train(steps);
  return parameters_of(trainer, 0, ensemble.size());
}

/// The variants that can train an ensemble.
std::vector<Variant> variants(const Ensemble& ensemble) {
  std::vector<Variant> all = {Variant::ThreadShared, Variant::ThreadGlobal};
  const HostDevice device(ensemble);
  if (cuda::fits_register_kernel(device.task())) all.push_back(Variant::ThreadRegisters);
  return all;
}

std::string label(const Ensemble& ensemble, Variant variant) {
  return ensemble.topology.to_string() + " batch " + std::to_string(ensemble.batch) +
         " particles " + std::to_string(ensemble.particles) + " variant " +
         std::to_string(static_cast<int>(variant));
}

void expect_group_parity(std::uint32_t lanes, const Ensemble& ensemble, std::uint32_t steps,
                         std::uint64_t first, const std::vector<float>& expected) {
  HostDevice device(ensemble);
  device.train_in_groups(lanes, first, steps);
  EXPECT_TRUE(device.parameters() == expected)
      << label(ensemble, Variant::WarpShared) << " lanes " << lanes;
}

void expect_parity(const Ensemble& ensemble, std::uint32_t steps, std::uint64_t first = 0) {
  const auto expected = reference(ensemble, first, steps);
  for (const auto variant : variants(ensemble)) {
    HostDevice device(ensemble);
    device.train(variant, first, steps);
    EXPECT_TRUE(device.parameters() == expected) << label(ensemble, variant);
  }
  for (const std::uint32_t lanes : {4U, 8U, 16U, 32U}) {
    expect_group_parity(lanes, ensemble, steps, first, expected);
  }
}

/// Machines with particles; those of a second setting learn in both phases if `awake`.
Ensemble with_particles(Ensemble ensemble, int particles, bool awake) {
  ensemble.particles = particles;
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.machines[1].setting = static_cast<std::uint32_t>(ensemble.settings.size() - 1);
  if (awake) {
    ensemble.settings.back().rates.recognition_wake.assign(
        static_cast<std::size_t>(ensemble.topology.last()), 0.2 / ensemble.batch);
  }
  return ensemble;
}

Ensemble notebook_machines(const std::vector<int>& layers, std::size_t machines) {
  auto ensemble = random_ensemble(layers, 1, machines, 0);
  ensemble.world = make_world("kirby3x3");
  ensemble.settings[0].rates = LearningRateOptions{}.resolve(ensemble.topology);
  return ensemble;
}

TEST(HostParity, AWholeNotebookRun) {
  const auto ensemble = notebook_machines({1, 6, 9}, 2);
  ASSERT_EQ(variants(ensemble).size(), 3U);
  expect_parity(ensemble, 50'000);
}

TEST(HostParity, EveryShapeOfTheRegisterKernel) {
  for (const auto& layers : {std::vector{1, 6, 9}, {1, 4, 9}, {1, 8, 9}, {6, 9}}) {
    for (const bool nonnegative : {false, true}) {
      auto few_patterns = notebook_machines(layers, 3);
      few_patterns.nonnegative = nonnegative;
      auto many_patterns = random_ensemble(layers, 1, 3);
      many_patterns.nonnegative = nonnegative;
      EXPECT_TRUE(HostDevice(few_patterns).task().patterns.chained);
      EXPECT_FALSE(HostDevice(many_patterns).task().patterns.chained);
      ASSERT_EQ(variants(few_patterns).size(), 3U);
      expect_parity(few_patterns, 500);
      expect_parity(many_patterns, 500);
    }
  }
}

// One, two and many layers; fan-in below, at and above the 32 inputs of a partial sum; a visible
// layer of several words.
TEST(HostParity, Topologies) {
  expect_parity(random_ensemble({1, 1}, 1, 3), 200);
  expect_parity(random_ensemble({3, 7}, 1, 18), 100);
  expect_parity(random_ensemble({1, 8, 16}, 1, 5), 300);
  expect_parity(random_ensemble({8, 16, 32, 64}, 1, 3), 60);
  expect_parity(random_ensemble({2, 32, 31}, 1, 3), 60);
  expect_parity(random_ensemble({2, 33, 65}, 1, 3), 60);
  expect_parity(random_ensemble({3, 40, 70, 97}, 1, 2), 20);
  expect_parity(random_ensemble({1, 2, 3, 4, 5, 6, 7}, 1, 17), 60);
}

template <int lanes, int... sizes>
void expect_lane_parity(const Ensemble& ensemble, std::uint32_t steps) {
  HostDevice device(ensemble);
  device.train_in_lanes<step::StaticShape<sizes...>, lanes>(0, steps);
  EXPECT_TRUE(device.parameters() == reference(ensemble, 0, steps))
      << label(ensemble, Variant::WarpRegisters) << " lanes " << lanes;
}

template <int lanes, int... sizes>
void expect_lane_parity(std::uint32_t steps) {
  for (const bool nonnegative : {false, true}) {
    auto ensemble = random_ensemble({sizes...}, 1, 3);
    ensemble.nonnegative = nonnegative;
    expect_lane_parity<lanes, sizes...>(ensemble, steps);
    for (const int particles : {1, 5}) {
      expect_lane_parity<lanes, sizes...>(with_particles(ensemble, particles, true), steps / 3);
    }
    expect_lane_parity<lanes, sizes...>(with_particles(ensemble, 3, false), steps / 3);
  }
}

// Small layers, which compile soon: one round of lanes and several, a fan-in of one, two and three
// partial sums.
TEST(HostParity, WeightsInTheRegistersOfSeveralLanes) {
  expect_lane_parity<4, 1, 6, 9>(300);
  expect_lane_parity<8, 4, 9, 12>(100);
  expect_lane_parity<16, 2, 65, 1>(60);
  expect_lane_parity<32, 3, 33>(60);
}

TEST(HostParity, Batches) {
  for (const int batch : {2, 3, 31, 33}) {
    expect_parity(random_ensemble({1, 6, 9}, batch, 5), 20);
    expect_parity(random_ensemble({2, 33, 34}, batch, 2), 5);
    auto mean = random_ensemble({2, 6, 12}, batch, 3);
    mean.reduction = BatchReduction::mean;
    mean.nonnegative = true;
    expect_parity(mean, 20);
  }
}

TEST(HostParity, Particles) {
  for (const bool awake : {false, true}) {
    const auto expect = [&](const std::vector<int>& layers, int batch, int particles,
                            std::uint32_t steps) {
      auto ensemble = with_particles(random_ensemble(layers, batch, 5, 0.5), particles, awake);
      ensemble.nonnegative = awake;
      expect_parity(ensemble, steps);
    };
    expect({1, 6, 9}, 1, 5, 300);
    expect({1, 6, 9}, 3, 4, 20);
    expect({1, 6, 9}, 1, 1, 50);
    expect({3, 7}, 1, 2, 50);
    expect({2, 33, 65}, 1, 3, 20);
    expect({1, 2, 3, 4, 5, 6, 7}, 2, 3, 20);
  }
}

// Rows that fill epochs in the middle of a step, and late visits, whose keys and numbers need 64
// bits; and grey rows, drawn with replacement or in epochs.
TEST(HostParity, PatternsThatAreFoundAhead) {
  const auto on_rows = [](const std::vector<int>& layers, int batch, std::size_t rows) {
    auto ensemble = random_ensemble(layers, batch, 5);
    ensemble.world = data_world(random_data(layers.back(), rows));
    ensemble.order = Order::epochs;
    return ensemble;
  };
  for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{999'999'999'000}}) {
    expect_parity(on_rows({1, 6, 9}, 1, 20), 90, first);
    expect_parity(on_rows({2, 33, 40}, 3, 100), 70, first);
    expect_parity(on_rows({2, 5, 33}, 7, 3), 5, first);
    expect_parity(on_rows({1, 1}, 4, 1), 5, first);  // both phases draw from block 0
    expect_parity(with_particles(on_rows({2, 5, 40}, 3, 100), 4, true), 70, first);
  }
  expect_lane_parity<4, 1, 6, 9>(on_rows({1, 6, 9}, 1, 30), 100);
  expect_lane_parity<4, 1, 6, 9>(with_particles(on_rows({1, 6, 9}, 1, 30), 3, false), 100);
  for (const auto order : {Order::iid, Order::epochs}) {
    const auto on_grey = [&](const std::vector<int>& layers, int batch) {
      auto ensemble = random_ensemble(layers, batch, 5);
      ensemble.world = data_world(grey_data(layers.back(), 30));
      ensemble.order = order;
      return ensemble;
    };
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{999'999'999'000}}) {
      expect_parity(on_grey({1, 6, 9}, 1), 90, first);
      expect_parity(on_grey({2, 33, 70}, 3), 40, first);
      expect_parity(with_particles(on_grey({2, 5, 33}, 3), 4, true), 40, first);
    }
    expect_lane_parity<4, 1, 6, 9>(on_grey({1, 6, 9}, 1), 100);
  }
}

TEST(HostParity, MachinesWithSettingsOfTheirOwn) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, 35);
  for (const auto* const schedule : {"inverse:0.01", "exponential:0.7:100", "constant"}) {
    for (const double rate : {0.0, 0.013, 0.4}) {
      auto setting = ensemble.settings[0];
      setting.schedule = Schedule::parse(schedule);
      setting.rates = LearningRateOptions{
          .rate = rate,
          .generative = {},
          .recognition = rate / 2,
          .per_layer = {}}.resolve(ensemble.topology);
      ensemble.settings.push_back(setting);
    }
  }
  for (std::size_t m = 0; m < ensemble.size(); ++m) {
    ensemble.machines[m].setting = static_cast<std::uint32_t>(m % ensemble.settings.size());
  }
  expect_parity(ensemble, 250);
}

TEST(HostParity, LateStepsWhoseBlocksNeedMoreThan32Bits) {
  expect_parity(random_ensemble({1, 6, 9}, 1, 3), 50, 999'999'999'000);
}

TEST(HostParity, NeitherTheBlockNorThePiecesMatter) {
  const auto ensemble = random_ensemble({2, 7, 12}, 3, 41);
  const auto expected = reference(ensemble, 0, 20);
  for (const std::uint32_t block : {1U, 32U, 96U}) {
    for (const std::uint32_t piece : {1U, 7U, 20U}) {
      HostDevice device(ensemble);
      device.train(Variant::ThreadShared, 0, 20, block, piece);
      EXPECT_TRUE(device.parameters() == expected) << "block " << block << " piece " << piece;
    }
  }
}

TEST(HostParity, RandomEnsembles) {
  const bool held = rc::check("kernels agree with the reference", [] {
    auto layers =
        *rc::gen::container<std::vector<int>>(*rc::gen::inRange(2, 5), rc::gen::inRange(1, 41));
    auto ensemble =
        random_ensemble(layers, *rc::gen::inRange(1, 4), *rc::gen::inRange<std::size_t>(1, 6), 0.5);
    ensemble.nonnegative = *rc::gen::arbitrary<bool>();
    for (auto& machine : ensemble.machines) machine.seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto steps = *rc::gen::inRange<std::uint32_t>(1, 10);
    const auto expected = reference(ensemble, 0, steps);
    for (const auto variant : variants(ensemble)) {
      HostDevice device(ensemble);
      device.train(variant, 0, steps);
      RC_ASSERT(device.parameters() == expected);
    }
    HostDevice device(ensemble);
    device.train_in_groups(8, 0, steps);
    RC_ASSERT(device.parameters() == expected);
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace helmholtz
