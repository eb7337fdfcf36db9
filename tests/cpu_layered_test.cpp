// What cpu-layered promises beyond the contract of every backend.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/backend.hpp"
#include "simd/target.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::parameters_of;
using testing::random_ensemble;

std::vector<float> trained(const Ensemble& ensemble, std::uint64_t steps, int threads) {
  const auto trainer = make_trainer("cpu-layered", ensemble, {.threads = threads});
  trainer->train(steps);
  return parameters_of(*trainer, 0, ensemble.size());
}

// Tiles are cut by shape alone, so neither the number of threads nor the neighbours show.
TEST(CpuLayered, SameBitsForAnyThreadsAndNeighbours) {
  for (const int batch : {1, 33, 150}) {
    const auto ensemble = random_ensemble({3, 20, 140}, batch, 5);
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

TEST(CpuLayered, SameBitsOnEveryInstructionSet) {
  const auto ensemble = random_ensemble({3, 20, 37}, 33, 2);
  const auto best = trained(ensemble, 3, 1);
  for (const auto& target : simd::available_targets()) {
    simd::force_target(target);
    EXPECT_EQ(trained(ensemble, 3, 1), best) << target;
  }
  simd::force_target("");
}

TEST(CpuLayered, HundredStepsAreTenTimesTen) {
  for (const int batch : {1, 31, 33}) {
    auto ensemble = random_ensemble({2, 9, 33}, batch, 3);
    ensemble.settings[0].schedule = Schedule::parse("inverse:0.01");
    const auto trainer = make_trainer("cpu-layered", ensemble, {.threads = 2});
    for (int i = 0; i < 10; ++i) trainer->train(10);
    EXPECT_EQ(parameters_of(*trainer, 0, 3), trained(ensemble, 100, 2)) << "batch " << batch;
  }
}

TEST(CpuLayered, RateZeroChangesNothing) {
  for (const int batch : {1, 33}) {
    auto ensemble = random_ensemble({2, 9, 33}, batch, 3);
    auto& rates = ensemble.settings[0].rates;
    for (auto& rate : rates.generative) rate = 0;
    for (auto& rate : rates.recognition) rate = 0;
    EXPECT_EQ(trained(ensemble, 10, 2), trained(ensemble, 0, 2)) << "batch " << batch;
  }
}

TEST(CpuLayered, MeanIsSumWithTheRateOverTheBatch) {
  auto mean = random_ensemble({2, 9, 33}, 32, 3);  // a power of 2: rate / B is exact
  auto sum = mean;
  mean.reduction = BatchReduction::mean;
  for (auto& rate : sum.settings[0].rates.generative) rate /= 32;
  for (auto& rate : sum.settings[0].rates.recognition) rate /= 32;
  EXPECT_EQ(trained(mean, 20, 2), trained(sum, 20, 2));
  EXPECT_NE(trained(mean, 20, 2), trained(mean, 0, 2));
}

TEST(CpuLayered, EachLayerLearnsAtItsOwnRate) {
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

TEST(CpuLayered, NonnegativeKeepsTheVisibleWeightsAtZeroOrMore) {
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

TEST(CpuLayered, FollowsTheSchedule) {
  auto halving = random_ensemble({2, 9, 33}, 8, 1);
  halving.settings[0].schedule = Schedule::parse("exponential:0.5:1");
  auto constant = random_ensemble({2, 9, 33}, 8, 1);
  EXPECT_EQ(trained(halving, 1, 1), trained(constant, 1, 1));
  for (auto& rate : constant.settings[0].rates.generative) rate /= 4;
  for (auto& rate : constant.settings[0].rates.recognition) rate /= 4;
  const auto later = [](const Ensemble& ensemble) {
    const auto at_two = make_trainer("cpu-layered", ensemble, {.threads = 1});
    at_two->set_step(2);
    at_two->train(1);
    return parameters_of(*at_two, 0, 1);
  };
  EXPECT_EQ(later(halving), later(constant));
}

struct MeanAndError {
  double mean = 0;
  double variance_of_mean = 0;
};

MeanAndError mean_exact_kl(std::string_view backend, std::uint64_t first_seed,
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
  const auto trainer = make_trainer(backend, ensemble, {.threads = 2});
  trainer->train(1'000);
  std::vector<Evaluation> evaluations(machines);
  trainer->evaluate({.exact = true, .samples = 0}, 0, evaluations);
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
