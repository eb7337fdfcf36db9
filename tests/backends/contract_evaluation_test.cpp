// What every backend promises of its evaluations.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "helmholtz/trainer.hpp"
#include "support/contract.hpp"
#include "support/expect_evaluated.hpp"
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

/// Five machines, of which number 2 has diverged.
Ensemble with_a_diverged_machine() {
  auto ensemble = random_ensemble({2, 5, 12}, 1, 5, 1.0);
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.settings[1].initialisation.scale = 1e30;
  ensemble.machines[2].setting = 1;  // diverged
  return ensemble;
}

/// Every machine, and the last one once more, by itself.
std::vector<Evaluation> all_and_the_last(Trainer& trainer, const EvaluationOptions& options) {
  const auto machines = trainer.ensemble().size();
  std::vector<Evaluation> all(machines + 1);
  EXPECT_TRUE(trainer.evaluate(options, 0, std::span(all).first(machines)));
  EXPECT_TRUE(trainer.evaluate(options, machines - 1, std::span(all).last(1)));
  return all;
}

// One machine's samples are shared out over threads, and so are those of some machines.
TEST_P(Contract, SampledEvaluationsAreTheSameOnAnyThreads) {
  const auto ensemble = with_a_diverged_machine();
  const auto whole = parameters_of(make_trainer(ensemble, {.backend = GetParam()}), 0, 5);
  for (const std::uint64_t samples : {1U, 1003U, 100'000U}) {
    const EvaluationOptions options{.exact = false, .samples = samples};
    std::vector<Evaluation> expected(5);
    evaluate_machines(ensemble, 0, whole, 0, options, expected);
    for (const int threads : {1, 2, 7}) {
      auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = threads});
      const auto all = all_and_the_last(trainer, options);
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

/// Of machines of a world with 12 units, to judge them by.
std::shared_ptr<const Rows> some_rows() {
  std::vector<std::uint32_t> words;
  for (std::uint32_t n = 0; n < 23; ++n) words.push_back((n * 2'654'435'761U) >> 20U);
  return std::make_shared<const Rows>(12, std::move(words));
}

// Several machines have a thread each, a single one's rows and particles are shared out.
TEST_P(Contract, LogLikelihoodsAreThoseOfTheRowsOnAnyThreads) {
  const auto ensemble = with_a_diverged_machine();
  const auto whole = parameters_of(make_trainer(ensemble, {.backend = GetParam()}), 0, 5);
  const auto rows = some_rows();
  const auto stride = ensemble.topology.parameters();
  for (const auto& options : {EvaluationOptions{.particles = 1},
                              {.particles = 600},
                              {.particles = 7, .rows = rows},
                              {.particles = 50, .rows = rows, .row_count = 11}}) {
    const auto count = options.row_count > 0 ? options.row_count : rows->size();
    for (const int threads : {1, 2, 7}) {
      auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = threads});
      const auto all = all_and_the_last(trainer, options);
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto m = std::min<std::size_t>(i, 4);
        if (m == 2) {
          EXPECT_TRUE(all[i].diverged && std::isnan(all[i].log_likelihood));
          continue;
        }
        const auto machine = std::span<const float>(whole).subspan(m * stride, stride);
        const auto likelihood = [&](const PackedRows& judged) {
          return row_likelihoods(ensemble.topology, machine, judged, ensemble.machines[m].seed,
                                 {.particles = options.particles});
        };
        const auto& world = ensemble.world;
        const auto wanted =
            options.rows ? mean_likelihood(likelihood({rows->words().first(count), 1}))
                         : mean_likelihood(likelihood({world.words(), world.words_per_pattern()}),
                                           world.probabilities(), options.particles);
        EXPECT_EQ(testing::bits(all[i].log_likelihood), testing::bits(wanted.mean));
        EXPECT_EQ(testing::bits(all[i].log_likelihood_error), testing::bits(wanted.standard_error));
        EXPECT_EQ(testing::bits(all[i].elbo), testing::bits(wanted.elbo));
        EXPECT_EQ(testing::bits(all[i].effective), testing::bits(wanted.effective));
        std::vector<Evaluation> alone(1);
        evaluate_machines(ensemble, m, machine, 0, options, alone);
        EXPECT_EQ(testing::bits(all[i].log_likelihood), testing::bits(alone[0].log_likelihood));
        EXPECT_EQ(testing::bits(all[i].kl_exact), testing::bits(alone[0].kl_exact));
      }
    }
  }
}

TEST_P(Contract, LogLikelihoodsRefuseRowsThatDoNotFit) {
  auto trainer = make_trainer(random_ensemble({2, 5, 12}, 1, 1), {.backend = GetParam()});
  const auto refused = [&](const EvaluationOptions& options) -> std::string {
    try {
      static_cast<void>(trainer.evaluate(options));
    } catch (const InvalidArgument& error) {
      return error.field();
    }
    return "";
  };
  const auto other = std::make_shared<const Rows>(9, std::vector<std::uint32_t>{1, 2});
  EXPECT_EQ(refused({.particles = 3, .rows = other}), "rows");
  EXPECT_EQ(refused({.particles = 3, .rows = some_rows(), .row_count = 24}), "rows");
  EXPECT_EQ(refused({.particles = 3, .rows = some_rows(), .row_count = 23}), "");
}

TEST_P(Contract, ALogLikelihoodStopsWhenAsked) {
  for (const std::size_t machines : {1, 6}) {  // rows shared out; a thread for each
    auto trainer = make_trainer(random_ensemble({2, 5, 12}, 1, machines),
                                {.backend = GetParam(), .threads = 2});
    EvaluationOptions options{.exact = false, .particles = 100'000};
    int asked = 0;
    options.stop_requested = [&] { return ++asked == 2; };
    std::vector<Evaluation> out(machines);
    EXPECT_FALSE(trainer.evaluate(options, 0, out));
    EXPECT_EQ(asked, 2);
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
