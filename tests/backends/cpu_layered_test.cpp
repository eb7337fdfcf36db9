// What cpu-layered promises beyond the contract of every backend.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/trainer.hpp"
#include "simd/target.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::parameters_of;
using testing::random_ensemble;

std::vector<float> trained(const Ensemble& ensemble, std::uint64_t steps, int threads) {
  auto trainer = make_trainer(ensemble, {.backend = "cpu-layered", .threads = threads});
  trainer.train(steps);
  return parameters_of(trainer, 0, ensemble.size());
}

struct BatchSize {
  int rows;
  int particles;
};

// Tiles are cut by shape alone, so neither the number of threads nor the neighbours show.
TEST(CpuLayered, SameBitsForAnyThreadsAndNeighbours) {
  for (const auto [batch, particles] : {BatchSize{1, 1}, {33, 1}, {150, 1}, {1, 9}, {23, 7}}) {
    auto ensemble = random_ensemble({3, 20, 140}, batch, 5);
    ensemble.particles = particles;
    ensemble.settings[0].rates.recognition_wake.assign(2, particles > 1 ? 0.1 / batch : 0);
    for (const auto* const optimizer : {"momentum:0.9", "adam"}) {
      ensemble.settings.push_back(ensemble.settings[0]);
      ensemble.settings.back().optimizer = Optimizer::parse(optimizer);
    }
    for (std::uint32_t m = 0; m < 5; ++m) ensemble.machines[m].setting = m % 3;
    const auto one_thread = trained(ensemble, 4, 1);
    EXPECT_EQ(trained(ensemble, 4, 2), one_thread);
    EXPECT_EQ(trained(ensemble, 4, 3), one_thread);
    EXPECT_EQ(trained(ensemble, 4, 8), one_thread);
    const auto stride = ensemble.topology.parameters();
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      auto alone = ensemble;
      alone.machines = {ensemble.machines[m]};
      const auto* const begin = one_thread.data() + m * stride;
      EXPECT_EQ(trained(alone, 4, 2), std::vector<float>(begin, begin + stride)) << "machine " << m;
    }
  }
}

// The digest is of whole steps, on every host: what a version of the program promises.
TEST(CpuLayered, SameBitsOnEveryInstructionSet) {
  std::uint64_t digest = 0;
  for (const auto [batch, particles] :
       {BatchSize{1, 1}, {8, 1}, {9, 1}, {17, 1}, {33, 1}, {1, 9}, {7, 5}}) {
    auto ensemble = random_ensemble({3, 20, 37}, batch, 2);
    ensemble.particles = particles;
    ensemble.settings[0].rates.recognition_wake.assign(2, particles > 1 ? 0.1 / batch : 0);
    ensemble.settings.push_back(ensemble.settings[0]);
    ensemble.settings[1].optimizer = Optimizer::parse("adam");
    ensemble.machines[1].setting = 1;
    const auto best = trained(ensemble, 3, 1);
    digest = digest * 1'000'003 + parameters_digest(best);
    for (const auto& target : simd::available_targets()) {
      simd::force_target(target);
      EXPECT_EQ(trained(ensemble, 3, 1), best) << target << ", batch " << batch;
    }
    simd::force_target("");
  }
  EXPECT_EQ(digest, 17573508470157365817U);
}

struct MeanAndError {
  double mean = 0;
  double variance_of_mean = 0;
};

MeanAndError mean_exact_kl(const std::string& backend, std::uint64_t first_seed,
                           std::size_t machines) {
  Ensemble ensemble{.topology = Topology({1, 6, 9}),
                    .world = make_world("kirby3x3"),
                    .batch = 32,
                    .settings = {{.rates = LearningRateOptions{}.resolve(Topology({1, 6, 9})),
                                  .schedule = {},
                                  .initialisation = {}}},
                    .machines = {}};
  for (std::size_t m = 0; m < machines; ++m) {
    ensemble.machines.push_back({.seed = first_seed + m, .setting = 0});
  }
  auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
  trainer.train(1'000);
  std::vector<Evaluation> evaluations(machines);
  trainer.evaluate({.exact = true, .samples = 0}, 0, evaluations);
  const auto n = static_cast<double>(machines);
  double sum = 0;
  double squares = 0;
  for (const auto& evaluation : evaluations) {
    sum += evaluation.kl_exact;
    squares += evaluation.kl_exact * evaluation.kl_exact;
  }
  const double mean = sum / n;
  return {mean, (squares / n - mean * mean) / (n - 1)};
}

// Other seeds, so the two means are independent: they differ by more than five standard errors once
// in two million correct programs.
TEST(CpuLayered, ReachesTheSameKlAsTheExactClass) {
  const auto layered = mean_exact_kl("cpu-layered", 0, 48);
  const auto fused = mean_exact_kl("cpu-fused", 1'000'000, 192);
  const double bound = 5 * std::sqrt(layered.variance_of_mean + fused.variance_of_mean);
  fmt::print("mean exact KL {:.4f} and {:.4f} nats, bound on the difference {:.4f}\n", layered.mean,
             fused.mean, bound);
  EXPECT_TRUE(std::abs(layered.mean - fused.mean) <= bound);
  EXPECT_LT(bound, 0.1);
}

}  // namespace
}  // namespace helmholtz
