// What every backend promises of its evaluations.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "support/contract.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::Contract;
using testing::parameters_of;
using testing::random_ensemble;

TEST_P(Contract, QuantilesAreThoseOfTheMachinesThatHaveNotDiverged) {
  auto ensemble = random_ensemble({2, 5, 12}, 1, 6);
  auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
  trainer.train(30);
  const auto stride = ensemble.topology.parameters();
  trainer.write_parameters(2, 1, std::vector<float>(stride, INFINITY));
  std::vector<Evaluation> evaluations(6);
  trainer.evaluate({.exact = true, .samples = 0}, 0, evaluations);
  std::vector<double> kl;
  for (const auto& evaluation : evaluations) {
    if (!evaluation.diverged) kl.push_back(evaluation.kl_exact);
  }
  ASSERT_EQ(kl.size(), 5U);
  std::sort(kl.begin(), kl.end());
  const std::vector<double> expected = {kl[0], kl[2], kl[4], kl[3] + 0.5 * (kl[4] - kl[3])};
  EXPECT_EQ(trainer.kl_quantiles(std::vector{0.0, 0.5, 1.0, 0.875}), expected);
  EXPECT_TRUE(trainer.kl_quantiles({}).empty());
  EXPECT_THROW(static_cast<void>(trainer.kl_quantiles(std::vector{1.01})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(trainer.kl_quantiles(std::vector<double>{NAN})), InvalidArgument);
  for (std::size_t m = 0; m < 6; ++m) {
    trainer.write_parameters(m, 1, std::vector<float>(stride, NAN));
  }
  EXPECT_TRUE(std::isnan(trainer.kl_quantiles(std::vector{0.5})[0]));
}

// One machine's samples are shared out over threads, and so are those of some machines.
TEST_P(Contract, SampledEvaluationsAreTheSameOnAnyThreads) {
  auto ensemble = random_ensemble({2, 5, 12}, 1, 5, 1.0);
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.settings[1].initialisation.scale = 1e30;
  ensemble.machines[2].setting = 1;  // diverged
  const auto whole = parameters_of(make_trainer(ensemble, {.backend = GetParam()}), 0, 5);
  for (const std::uint64_t samples : {1U, 1003U, 100'000U}) {
    const EvaluationOptions options{.exact = false, .samples = samples};
    std::vector<Evaluation> expected(5);
    evaluate_machines(ensemble, 0, whole, 0, options, expected);
    for (const int threads : {1, 2, 7}) {
      auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = threads});
      std::vector<Evaluation> all(5);
      ASSERT_TRUE(trainer.evaluate(options, 0, all));
      std::vector<Evaluation> last(1);
      ASSERT_TRUE(trainer.evaluate(options, 4, last));
      all.push_back(last[0]);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& wanted = expected[std::min<std::size_t>(i, 4)];
        EXPECT_EQ(all[i].diverged, wanted.diverged) << i;
        for (const auto value : {&Evaluation::kl_sampled, &Evaluation::unseen}) {
          EXPECT_EQ(std::bit_cast<std::uint64_t>(all[i].*value),
                    std::bit_cast<std::uint64_t>(wanted.*value))
              << i << ", " << samples << ", " << threads;
        }
      }
    }
  }
}

TEST_P(Contract, AnEvaluationStopsWhenAsked) {
  auto trainer =
      make_trainer(random_ensemble({2, 5, 12}, 1, 2), {.backend = GetParam(), .threads = 2});
  // So few that an evaluation which does not ask is soon over, and found out.
  EvaluationOptions options{.exact = false, .samples = 100'000};
  int asked = 0;
  options.stop_requested = [&] { return ++asked > 0; };
  std::vector<Evaluation> out(2);
  EXPECT_FALSE(trainer.evaluate(options, 0, out));
  EXPECT_GT(asked, 0);
}

TEST(Evaluation, StopsBetweenPiecesOfOneMachinesSamples) {
  auto trainer =
      make_trainer(random_ensemble({1, 6, 9}, 1, 1), {.backend = "cpu-fused", .threads = 2});
  int asked = 0;
  EvaluationOptions options{.exact = false, .samples = 10'000'000};  // several pieces, a second
  options.stop_requested = [&] { return ++asked == 2; };
  std::vector<Evaluation> out(1);
  EXPECT_FALSE(trainer.evaluate(options, 0, out));
  EXPECT_EQ(asked, 2);
}

TEST(Evaluation, StopsInNumpysStreamAndTakesNothingFromIt) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, 1, 1.0);
  ensemble.machines[0].seed = 7;
  const auto numpy = [&] {
    return make_trainer(ensemble, {.backend = "reference", .random = RandomScheme::numpy});
  };
  std::vector<Evaluation> expected(1);
  ASSERT_TRUE(numpy().evaluate({.samples = 10'000}, 0, expected));
  // Asked in passing over the draws of a layer, and in sampling.
  for (const int questions : {1, 2, 150}) {
    auto trainer = numpy();
    int asked = 0;
    std::vector<Evaluation> out(1);
    EvaluationOptions options{.samples = 10'000};
    options.stop_requested = [&] { return ++asked == questions; };
    EXPECT_FALSE(trainer.evaluate(options, 0, out));
    options.stop_requested = {};
    ASSERT_TRUE(trainer.evaluate(options, 0, out));
    EXPECT_EQ(out[0].kl_sampled, expected[0].kl_sampled) << questions;
  }
}

}  // namespace
}  // namespace helmholtz
