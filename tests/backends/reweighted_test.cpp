// Reweighted wake-sleep: one step worked by hand, and whole runs against an oracle in double.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/trainer.hpp"
#include "support/double_oracle.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::DoubleOracle;
using testing::OracleRun;

std::vector<std::string> backends_for(const Ensemble& ensemble) {
  std::vector<std::string> names;
  for (const auto& info : list_backends()) {
    if (info.available && !find_backend(info.name).supports(ensemble)) names.push_back(info.name);
  }
  return names;
}

/// Machines with patterns of equal probability, seeds from 0 on, and the run's rates.
Ensemble machines_of(const OracleRun& run, std::uint64_t machines) {
  const Topology topology(run.layers);
  std::vector<WeightedPattern> patterns;
  for (const auto& pattern : run.patterns) {
    patterns.push_back({.bits = {pattern.begin(), pattern.end()}, .weight = 1});
  }
  const LearningRateOptions rates{.rate = 0,
                                  .generative = run.generative,
                                  .recognition = run.recognition,
                                  .recognition_wake = run.recognition_wake,
                                  .per_layer = {}};
  Ensemble ensemble{.topology = topology,
                    .world = World("patterns", {1, topology.visible_units()}, patterns),
                    .batch = run.batch,
                    .particles = run.particles,
                    .settings = {{.rates = rates.resolve(topology),
                                  .schedule = {},
                                  .initialisation = {.scale = 0.5}}},
                    .machines = {}};
  for (std::uint64_t seed = 0; seed < machines; ++seed) ensemble.machines.push_back({.seed = seed});
  return ensemble;
}

// A machine of one hidden and one visible unit that is always 1; two particles.
//
//   P(h = 1) = sigma(ln 3) = 3/4; P(x = 1 | h) = sigma(W h) = 3/4 or 1/2; q(h = 1 | x) = 1/2.
//
// Particle 0 draws h = 1, particle 1 h = 0. p(x, h) / q(h | x) is 3/4 3/4 / (1/2) = 9/8, and
// 1/4 1/2 / (1/2) = 2/8, so the weights are 9/11 and 2/11. With rate 1:
//
//   b_0 += 9/11 (1 - 3/4) + 2/11 (0 - 3/4) = 3/44
//   W_1 += 9/11 (1 - 3/4)                  = 9/44   h = 0 teaches no weight
//   b_1 += 9/11 (1 - 3/4) + 2/11 (1 - 1/2) = 13/44
//   R_0 += 9/11 (1 - 1/2) + 2/11 (0 - 1/2) = 7/22   the wake phase of the recognition network
//   c_0 likewise, since x = 1
//
// The recognition network's rate in the sleep phase is 0.
TEST(Reweighted, OneStepWorkedByHand) {
  const OracleRun run{
      .layers = {1, 1}, .particles = 2, .generative = 1, .recognition_wake = 1, .patterns = {{1}}};
  auto ensemble = machines_of(run, 1);
  const auto is_on = [](std::uint64_t seed, std::uint32_t row) {
    return random_word({.seed = seed, .row = row}, 0, 1) < 1U << 31U;  // slot 1: the hidden unit
  };
  auto& seed = ensemble.machines[0].seed;
  while (!is_on(seed, 0) || is_on(seed, 1)) ++seed;

  const double ln3 = std::log(3.0);
  const std::vector start = {static_cast<float>(ln3), static_cast<float>(ln3), 0.0F, 0.0F, 0.0F};
  const std::vector expected = {ln3 + 3.0 / 44, ln3 + 9.0 / 44, 13.0 / 44, 7.0 / 22, 7.0 / 22};
  for (const auto& backend : backends_for(ensemble)) {
    auto trainer = make_trainer(ensemble, {.backend = backend});
    trainer.write_parameters(0, 1, start);
    trainer.train(1);
    const auto obtained = testing::parameters_of(trainer, 0, 1);
    // Probabilities are within 3e-7 of themselves, a weight within the sum of a few such errors in
    // its logarithm, and parameters of magnitude 1 are rounded once or twice to half of 2^-23.
    for (std::size_t k = 0; k < expected.size(); ++k) {
      EXPECT_TRUE(std::abs(obtained[k] - expected[k]) <= 2e-6)
          << backend << " parameter " << k << ": " << obtained[k] << " for " << expected[k];
    }
  }
}

/// The library's addressed draws; counts those that float32 could decide otherwise.
class AddressedDraws {
 public:
  AddressedDraws(std::uint64_t seed, const OracleRun& run)
      : stream_{.seed = seed},
        run_(run),
        units_(std::accumulate(run.layers.begin(), run.layers.end(), 0)),
        hidden_(units_ - run.layers.back()) {}

  void row(std::uint64_t step, int b, int k) {
    first_block_ = step * static_cast<std::uint64_t>((1 + hidden_ + units_ + 3) / 4);
    stream_.row = static_cast<std::uint32_t>(b * run_.particles + k);
    slot_ = 0;
  }
  void dream(std::uint64_t step, int b) {
    row(step, b, 0);
    slot_ = 1 + static_cast<std::uint64_t>(hidden_);
  }
  /// Of equal probability: an upper part of the word.
  std::size_t pattern(std::size_t count) {
    return static_cast<std::size_t>((std::uint64_t{next()} * count) >> 32U);
  }
  bool fires(double p) {
    const double u = (next() >> 9U) * 0x1p-23;
    if (!(std::abs(u - p) >= kUncertain)) ++uncertain_;
    return u < p;
  }

  [[nodiscard]] int uncertain() const { return uncertain_; }

  static constexpr double kUncertain = 2e-5;

 private:
  std::uint32_t next() { return random_word(stream_, first_block_, slot_++); }

  RandomStream stream_;
  OracleRun run_;
  int units_;
  int hidden_;
  std::uint64_t first_block_ = 0;
  std::uint64_t slot_ = 0;
  int uncertain_ = 0;
};

/// Draws of its own, one after the other.
class IndependentDraws {
 public:
  explicit IndependentDraws(std::uint64_t seed) : engine_(seed) {}
  void row(std::uint64_t, int, int) {}
  void dream(std::uint64_t, int) {}
  std::size_t pattern(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_);
  }
  bool fires(double p) { return std::uniform_real_distribution<>(0, 1)(engine_) < p; }

 private:
  std::mt19937_64 engine_;
};

/// Four equal patterns, so that thresholds are the word's upper two bits.
const std::vector<std::vector<int>> kPatterns = {
    {1, 1, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1}, {1, 0, 0, 1}};

std::vector<OracleRun> runs() {
  return {{.layers = {2, 3, 4},
           .particles = 5,
           .generative = 0.2,
           .recognition = 0.2,
           .patterns = kPatterns},
          {.layers = {2, 3, 4},
           .batch = 3,
           .particles = 4,
           .generative = 0.1,
           .recognition_wake = 0.1,
           .patterns = kPatterns},
          {.layers = {3, 4},
           .particles = 3,
           .generative = 0.2,
           .recognition = 0.1,
           .recognition_wake = 0.2,
           .patterns = kPatterns},
          {.layers = {1, 2, 3, 4},
           .batch = 2,
           .generative = 0.1,
           .recognition = 0.1,
           .recognition_wake = 0.1,
           .patterns = kPatterns}};
}

std::vector<double> initial(const Ensemble& ensemble, std::size_t m) {
  std::vector<float> parameters(ensemble.topology.parameters());
  initial_parameters(ensemble, m, parameters);
  return {parameters.begin(), parameters.end()};
}

// Trajectories: with the same draws, every parameter stays within the rounding errors of 20 steps.
// A step adds at most 3 rows x 5 roundings of 2^-24 to a parameter of magnitude below 4, and passes
// on what probabilities (3e-7) and weights (1e-6) are off by, times a rate of 0.2; the errors so
// far come back through the probabilities with a factor below 1 + 0.2 each step.
TEST(Reweighted, FollowsTheOracleDrawByDraw) {
  constexpr std::uint64_t kSteps = 20;
  constexpr std::uint64_t kMachines = 60;
  constexpr double kTolerance = 2e-5;
  for (const auto& run : runs()) {
    const auto ensemble = machines_of(run, kMachines);
    for (const auto& backend : backends_for(ensemble)) {
      auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
      trainer.train(kSteps);
      int compared = 0;
      for (std::uint64_t m = 0; m < kMachines; ++m) {
        DoubleOracle oracle(run, initial(ensemble, m), AddressedDraws(m, run));
        for (std::uint64_t t = 0; t < kSteps; ++t) oracle.train_step(t);
        if (oracle.draws().uncertain() > 0) continue;
        ++compared;
        const auto obtained = testing::parameters_of(trainer, m, 1);
        for (std::size_t k = 0; k < obtained.size(); ++k) {
          ASSERT_TRUE(std::abs(obtained[k] - oracle.parameters()[k]) <= kTolerance)
              << backend << " machine " << m << " parameter " << k << ": " << obtained[k] << " for "
              << oracle.parameters()[k];
        }
      }
      fmt::print("{}, K {}: {} of {} machines without an uncertain draw\n", backend, run.particles,
                 compared, kMachines);
      EXPECT_GE(compared, 30);
    }
  }
}

struct Moments {
  double mean = 0;
  double squared_error = 0;  ///< of the mean
};

Moments moments(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double v : values) mean += v / n;
  double variance = 0;
  for (const double v : values) variance += (v - mean) * (v - mean) / (n - 1);
  return {mean, variance / n};
}

// Distributions: the mean KL over seeds after 1,000 steps is that of the oracle with draws of its
// own. By the normal approximation of both means, a difference above 4.9 of its standard errors
// has a probability of 1e-6.
TEST(Reweighted, LearnsAsTheOracleDoes) {
  constexpr std::uint64_t kSteps = 1'000;
  constexpr std::uint64_t kMachines = 64;
  for (const auto& run : runs()) {
    const auto ensemble = machines_of(run, kMachines);
    std::vector<double> oracle_kl;
    for (std::uint64_t m = 0; m < kMachines; ++m) {
      DoubleOracle oracle(run, initial(ensemble, m), IndependentDraws(m));
      for (std::uint64_t t = 0; t < kSteps; ++t) oracle.train_step(t);
      oracle_kl.push_back(oracle.kl());
    }
    const auto expected = moments(oracle_kl);
    for (const auto& backend : backends_for(ensemble)) {
      auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
      trainer.train(kSteps);
      std::vector<double> kl;
      for (const auto& evaluation : trainer.evaluate({.exact = true})) {
        kl.push_back(evaluation.kl_exact);
      }
      const auto obtained = moments(kl);
      const double error = std::sqrt(obtained.squared_error + expected.squared_error);
      fmt::print("{}, K {}: mean KL {:.4f}, oracle {:.4f}, standard error {:.4f}\n", backend,
                 run.particles, obtained.mean, expected.mean, error);
      EXPECT_TRUE(std::abs(obtained.mean - expected.mean) <= 4.9 * error);
    }
  }
}

}  // namespace
}  // namespace helmholtz
