// The exact class: every exact backend, on every instruction set, gives the reference's bits over
// whole runs, for every kind of topology, batch, schedule and number of machines.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <fmt/format.h>
#include <rapidcheck.h>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/trainer.hpp"
#include "simd/target.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::parameters_of;
using testing::random_ensemble;

std::uint64_t digest_after(const std::string& backend, const Ensemble& ensemble,
                           std::uint64_t steps) {
  auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
  trainer.train(steps);
  return parameters_digest(parameters_of(trainer, 0, ensemble.size()));
}

/// Those that can train the ensemble.
std::vector<std::string> exact_backends(const Ensemble& ensemble) {
  std::vector<std::string> names;
  for (const auto& info : list_backends()) {
    const bool is_other = info.exact && info.available && info.name != "reference";
    if (is_other && !find_backend(info.name).supports(ensemble)) names.push_back(info.name);
  }
  return names;
}

/// Compares every exact backend and instruction set with the reference.
void expect_parity(const Ensemble& ensemble, std::uint64_t steps) {
  const auto expected = digest_after("reference", ensemble, steps);
  const auto label = fmt::format("layers {} batch {} particles {} machines {} steps {}",
                                 ensemble.topology.to_string(), ensemble.batch, ensemble.particles,
                                 ensemble.size(), steps);
  std::string ran;
  for (const auto& backend : exact_backends(ensemble)) {
    for (const auto& target : simd::available_targets()) {
      simd::force_target(target);
      EXPECT_EQ(digest_after(backend, ensemble, steps), expected)
          << backend << " " << target << " " << label;
      ran += fmt::format(" {}/{}", backend, target);
    }
  }
  simd::force_target("");
  EXPECT_FALSE(ran.empty()) << "nothing was compared";
  fmt::print("{}: reference ={}\n", label, ran);
}

void learn_awake(Ensemble& ensemble, double rate) {
  for (auto& setting : ensemble.settings) {
    setting.rates.recognition_wake.assign(setting.rates.recognition.size(), rate);
  }
}

/// Machines of the notebook, from zero, at the notebook's rate.
Ensemble notebook_machines(std::size_t machines) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, machines, 0);
  ensemble.world = make_world("kirby3x3");
  ensemble.settings[0].rates = LearningRateOptions{}.resolve(ensemble.topology);
  return ensemble;
}

TEST(Parity, AWholeNotebookRun) { expect_parity(notebook_machines(3), 50'000); }

TEST(Parity, NumbersOfMachinesAroundTheBlock) {
  for (const std::size_t machines : {1, 2, 7, 15, 16, 17, 31, 33}) {
    expect_parity(notebook_machines(machines), 300);
  }
}

// One, two and many layers; fan-in below, at and above the 32 inputs of a partial sum; a visible
// layer of several words; steps beyond one chunk of the kernel.
TEST(Parity, Topologies) {
  expect_parity(random_ensemble({1, 1}, 1, 3), 200);
  expect_parity(random_ensemble({3, 7}, 1, 18), 200);
  expect_parity(random_ensemble({1, 8, 16}, 1, 5), 5'000);
  expect_parity(random_ensemble({2, 32, 31}, 1, 3), 100);
  expect_parity(random_ensemble({2, 33, 65}, 1, 3), 100);
  expect_parity(random_ensemble({3, 40, 70, 97}, 1, 2), 40);
  expect_parity(random_ensemble({1, 2, 3, 4, 5, 6, 7}, 1, 17), 100);
}

TEST(Parity, Batches) {
  for (const int batch : {2, 3, 31, 33}) {
    expect_parity(random_ensemble({1, 6, 9}, batch, 17), 40);
    expect_parity(random_ensemble({2, 33, 34}, batch, 2), 10);
    auto mean = random_ensemble({2, 6, 12}, batch, 3);
    mean.reduction = BatchReduction::mean;
    expect_parity(mean, 40);
  }
}

TEST(Parity, MachinesWithSettingsOfTheirOwn) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, 35);
  ensemble.nonnegative = true;
  for (const auto* const schedule : {"inverse:0.01", "exponential:0.7:100", "constant"}) {
    for (const double rate : {0.0, 0.013, 0.4}) {
      LearningRateOptions options{
          .rate = rate, .generative = {}, .recognition = rate / 2, .per_layer = {}};
      auto setting = ensemble.settings[0];
      setting.schedule = Schedule::parse(schedule);
      setting.rates = options.resolve(ensemble.topology);
      setting.initialisation.visible_bias = Initialisation::VisibleBias::marginal;
      ensemble.settings.push_back(setting);
    }
  }
  for (std::size_t m = 0; m < ensemble.size(); ++m) {
    ensemble.machines[m].setting = static_cast<std::uint32_t>(m % ensemble.settings.size());
  }
  expect_parity(ensemble, 500);
}

// One particle and many, with and without learning awake; topologies as above, of one row and of
// several, steps beyond one chunk of the kernel.
TEST(Parity, Particles) {
  struct Case {
    std::vector<int> layers;
    int batch;
    int particles;
    std::uint64_t steps;
  };
  for (const auto& [layers, batch, particles, steps] :
       std::vector<Case>{{{1, 6, 9}, 1, 5, 500},
                         {{1, 6, 9}, 3, 4, 40},
                         {{1, 6, 9}, 1, 64, 20},
                         {{1, 1}, 1, 2, 200},
                         {{3, 7}, 1, 1, 200},
                         {{3, 7}, 31, 2, 10},
                         {{1, 8, 16}, 1, 3, 200},
                         {{2, 33, 65}, 1, 7, 40},
                         {{3, 40, 70, 97}, 2, 3, 10},
                         {{1, 2, 3, 4, 5, 6, 7}, 1, 5, 100}}) {
    for (const bool awake : {false, true}) {
      auto ensemble = random_ensemble(layers, batch, 18, 0.5);
      ensemble.particles = particles;
      ensemble.nonnegative = awake;
      ensemble.settings[0].schedule = Schedule::parse("inverse:0.01");
      if (awake) learn_awake(ensemble, 0.2 / batch);
      expect_parity(ensemble, steps);
    }
  }
}

// Neighbours with and without learning awake, and with rates of their own.
TEST(Parity, ParticlesOfMachinesWithSettingsOfTheirOwn) {
  for (const int particles : {1, 5}) {
    auto ensemble = random_ensemble({1, 6, 9}, 1, 35);
    ensemble.particles = particles;
    for (const double rate : {0.013, 0.0, 0.4}) {
      auto setting = ensemble.settings[0];
      setting.schedule = Schedule::parse(rate == 0 ? "constant" : "exponential:0.7:100");
      setting.rates.recognition_wake = {rate, rate / 2};
      ensemble.settings.push_back(setting);
    }
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      ensemble.machines[m].setting = static_cast<std::uint32_t>(m % ensemble.settings.size());
    }
    expect_parity(ensemble, 500);
  }
}

TEST(Parity, LateSteps) {
  const auto ensemble = random_ensemble({1, 6, 9}, 1, 17);
  const auto late = [&](const std::string& backend) {
    auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 1});
    trainer.set_step(999'999'999'000);  // its blocks need more than 32 bits
    trainer.train(100);
    return parameters_of(trainer, 0, ensemble.size());
  };
  for (const auto& backend : exact_backends(ensemble)) EXPECT_EQ(late(backend), late("reference"));
}

TEST(Parity, RandomEnsembles) {
  const bool held = rc::check("exact backends agree with the reference", [] {
    auto layers =
        *rc::gen::container<std::vector<int>>(*rc::gen::inRange(2, 5), rc::gen::inRange(1, 41));
    const int batch = *rc::gen::inRange(1, 5);
    auto ensemble = random_ensemble(layers, batch, *rc::gen::inRange<std::size_t>(1, 20), 0.5);
    ensemble.nonnegative = *rc::gen::arbitrary<bool>();
    ensemble.particles = *rc::gen::inRange(1, 7);
    if (*rc::gen::arbitrary<bool>()) learn_awake(ensemble, 0.2 / batch);
    for (auto& machine : ensemble.machines) machine.seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto steps = *rc::gen::inRange<std::uint64_t>(1, 20);
    const auto expected = digest_after("reference", ensemble, steps);
    for (const auto& backend : exact_backends(ensemble)) {
      RC_ASSERT(digest_after(backend, ensemble, steps) == expected);
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace helmholtz
