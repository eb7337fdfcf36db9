// One training step of a [1,2,2] machine that starts at zero, worked by hand for every backend: all
// probabilities of the wake phase and all q of the sleep phase are 1/2, so every parameter becomes
// 0 or +-rate/2, and only the dream needs a sigmoid.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "helmholtz/backends.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/trainer.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

constexpr double kRate = 0.5;

Ensemble small_machines(std::uint64_t machines) {
  const Topology topology({1, 2, 2});
  const World world("one of two", {1, 2}, {{.bits = {1, 0}}, {.bits = {0, 1}}});
  LearningRateOptions rates;
  rates.rate = kRate;
  Ensemble ensemble{
      .topology = topology,
      .world = world,
      .settings = {{.rates = rates.resolve(topology), .schedule = {}, .initialisation = {}}},
      .machines = {}};
  for (std::uint64_t seed = 0; seed < machines; ++seed) ensemble.machines.push_back({.seed = seed});
  return ensemble;
}

std::vector<double> after_one_step(std::uint64_t seed) {
  const RandomStream stream{.seed = seed};
  // Slots: 0 the pattern; 1, 2 hidden and 3 top recognised; 4 top, 5, 6 hidden, 7, 8 visible
  // dreamt.
  const auto fires = [&](std::uint64_t slot, double activity) {
    const double u = std::floor(random_word(stream, 0, slot) / 512.0) / (1 << 23);
    return u < 1 / (1 + std::exp(-activity)) ? 1.0 : 0.0;
  };
  const double half = kRate / 2;
  const auto delta = [&](double state) { return state == 1 ? half : -half; };

  const double first = random_word(stream, 0, 0) < (1U << 31U) ? 1 : 0;
  const std::array v = {first, 1 - first};
  const std::array h = {fires(1, 0), fires(2, 0)};
  const double t = fires(3, 0);
  const double b0 = delta(t);
  const std::array b1 = {delta(h[0]), delta(h[1])};
  const std::array w1 = {b1[0] * t, b1[1] * t};
  const std::array b2 = {delta(v[0]), delta(v[1])};
  const std::array w2 = {b2[0] * h[0], b2[0] * h[1], b2[1] * h[0], b2[1] * h[1]};

  const double dt = fires(4, b0);
  const std::array dh = {fires(5, b1[0] + w1[0] * dt), fires(6, b1[1] + w1[1] * dt)};
  const std::array dv = {fires(7, b2[0] + w2[0] * dh[0] + w2[1] * dh[1]),
                         fires(8, b2[1] + w2[2] * dh[0] + w2[3] * dh[1])};
  const std::array c1 = {delta(dh[0]), delta(dh[1])};
  const double c0 = delta(dt);
  return {b0,
          w1[0],
          w1[1],
          b1[0],
          b1[1],
          w2[0],
          w2[1],
          w2[2],
          w2[3],
          b2[0],
          b2[1],  //
          c1[0] * dv[0],
          c1[0] * dv[1],
          c1[1] * dv[0],
          c1[1] * dv[1],
          c1[0],
          c1[1],  //
          c0 * dh[0],
          c0 * dh[1],
          c0};
}

TEST(OneStep, OfASmallMachineIsWhatTheModelSays) {
  constexpr std::uint64_t kMachines = 100;
  int backends = 0;
  for (const auto& info : list_backends()) {
    if (!info.available) continue;
    ++backends;
    auto trainer = make_trainer(small_machines(kMachines), {.backend = info.name});
    trainer.train(1);
    for (std::uint64_t m = 0; m < kMachines; ++m) {
      const auto expected = after_one_step(m);
      const auto obtained = testing::parameters_of(trainer, m, 1);
      // Zero or a power of two: exact up to the rounding of p = 1/2, which the tolerant class has.
      for (std::size_t k = 0; k < expected.size(); ++k) {
        EXPECT_TRUE(std::abs(obtained[k] - expected[k]) <= 1e-7)
            << info.name << " machine " << m << " parameter " << k << ": " << obtained[k] << " for "
            << expected[k];
      }
    }
  }
  EXPECT_GE(backends, 3);
}

}  // namespace
}  // namespace helmholtz
