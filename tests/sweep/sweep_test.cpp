// Sweeps: which machine a number stands for, and that nothing but the spec decides the results.
#include "helmholtz/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>

#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "support/small_sweep.hpp"
#include "support/sweep_rows.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {
namespace {

using testing::Rows;
using testing::run;
using testing::sixteen_configurations;

TEST(Sweep, CountsThroughTheListsSeedsSlowest) {
  const auto spec = sixteen_configurations();
  ASSERT_EQ(spec.configurations(), 16U);
  ASSERT_EQ(spec.machines(), 48U);
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto configuration = spec.configuration(c);
    const std::uint64_t expected = configuration.topology * 8 +
                                   (configuration.rate == 0.1 ? 4U : 0U) +
                                   (configuration.batch == 3 ? 2U : 0U) +
                                   (configuration.setting.initialisation.scale > 0 ? 1U : 0U);
    EXPECT_EQ(expected, c);
  }
  const auto rows = run(spec);
  ASSERT_EQ(rows.all.size(), 48U * 3);
  for (std::size_t i = 0; i < rows.all.size(); ++i) {
    const auto machine = i / 3;
    EXPECT_EQ(rows.all[i][0], machine);
    EXPECT_EQ(rows.all[i][1], spec.seeds[machine / 16]);
    EXPECT_EQ(rows.all[i][2], machine % 16);
    EXPECT_EQ(rows.all[i][3], (std::array{10U, 20U, 25U}[i % 3]));
  }
}

TEST(Sweep, MoreSeedsExtendIt) {
  auto spec = sixteen_configurations();
  const auto all = run(spec).all;
  spec.seeds = SeedSet::parse("3,10");
  const auto fewer = run(spec).all;
  ASSERT_EQ(fewer.size(), 96U);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), all.begin()));
}

TEST(Sweep, KeepsItsResultsInMemory) {
  auto spec = sixteen_configurations();
  spec.samples = 50;
  spec.save_parameters = SaveParameters::parse("all");
  const auto rows = run(spec);
  const auto all = run_sweep(spec, {.shard_machines = 7});
  ASSERT_FALSE(all.saved.empty());
  ASSERT_EQ(all.machines(), spec.machines());
  ASSERT_EQ(rows.all.size(), spec.machines() * spec.evaluations());
  for (std::size_t i = 0; i < rows.all.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(all.column("kl_exact")[i]), rows.all[i][4]);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(all.column("unseen")[i]), rows.all[i][6]);
  }
  EXPECT_EQ(all.first, 0U);
  EXPECT_EQ(all.seeds.back(), rows.all.back()[1]);
  EXPECT_EQ(all.saved, rows.saved);
  EXPECT_EQ(all.parameters, rows.parameters);
  EXPECT_THROW(static_cast<void>(all.column("kl")), InvalidArgument);
}

TEST(Sweep, ShardSizeAndThreadsChangeNothing) {
  auto spec = sixteen_configurations();
  spec.log_likelihood = 30;
  const auto whole = run(spec, 4096);
  const auto sevens = run(spec, 7);
  EXPECT_EQ(whole.shards, 1);
  EXPECT_EQ(sevens.shards, 7);
  EXPECT_EQ(sevens.all, whole.all);
  EXPECT_EQ(run(spec, 1).all, whole.all);
  spec.threads = 3;
  EXPECT_EQ(run(spec).all, whole.all);
}

TEST(Sweep, AMachineIsTheSameAlone) {
  auto spec = sixteen_configurations();
  spec.log_likelihood = 30;
  const auto rows = run(spec).all;
  const std::uint64_t machine = 29;
  const auto configuration = spec.configuration(machine % 16);
  const std::array seed = {spec.seeds[machine / 16]};
  auto trainer = make_trainer(spec.ensemble(configuration, seed),
                              {.backend = spec.resolved_backend(configuration)});
  trainer.train(spec.steps);
  std::array<Evaluation, 1> alone;
  trainer.evaluate({.exact = true, .samples = spec.samples, .particles = 30}, 0, alone);
  const auto& last = rows[machine * 3 + 2];
  EXPECT_EQ(last[4], std::bit_cast<std::uint64_t>(alone[0].kl_exact));
  EXPECT_EQ(last[5], std::bit_cast<std::uint64_t>(alone[0].kl_sampled));
  EXPECT_EQ(last[8], std::bit_cast<std::uint64_t>(alone[0].log_likelihood));
}

TEST(Sweep, ADivergingRateLeavesTheOthersAlone) {
  auto spec = sixteen_configurations();
  spec.topologies = {Topology({1, 6, 9})};
  spec.initialisations = {{}};
  spec.rates = {0.05, 1e38};
  spec.batches = {1};
  Rows mixed(spec);
  const std::array<ShardSink*, 1> sinks = {&mixed};
  EXPECT_EQ(run_sweep(spec, {}, sinks).diverged, 3U);
  spec.rates = {0.05};
  const auto good = run(spec).all;
  for (std::size_t i = 0; i < mixed.all.size(); ++i) {
    const auto& row = mixed.all[i];
    const bool diverges = row[2] == 1;
    EXPECT_EQ(row[7], diverges ? 1U : 0U);
    EXPECT_EQ(std::isnan(std::bit_cast<double>(row[4])), diverges);
    if (diverges) continue;
    const auto& same = good[row[0] / 2 * 3 + i % 3];
    EXPECT_EQ(row[1], same[1]);
    EXPECT_TRUE(std::equal(row.begin() + 3, row.end(), same.begin() + 3));
  }
}

TEST(Sweep, KeepsTheParametersOfTheHighestLogLikelihood) {
  auto spec = sixteen_configurations();
  spec.topologies = {Topology({25, 9})};
  spec.samples = 0;
  spec.log_likelihood = 5;
  spec.seeds = SeedSet::parse("0:6");
  spec.save_parameters = SaveParameters::parse("best:1");
  const auto best = run(spec);
  ASSERT_EQ(best.saved.size(), spec.configurations());
  for (const auto machine : best.saved) {
    const auto value = std::bit_cast<double>(best.all[machine * 3 + 2][8]);
    EXPECT_FALSE(std::isnan(value));
    for (auto other = machine % 8; other < spec.machines(); other += 8) {
      EXPECT_GE(value, std::bit_cast<double>(best.all[other * 3 + 2][8]));
    }
  }
}

TEST(Sweep, KeepsTheParametersOfTheBest) {
  auto spec = sixteen_configurations();
  spec.seeds = SeedSet::parse("0:6");
  spec.save_parameters = SaveParameters::parse("all");
  const auto all = run(spec);
  EXPECT_EQ(all.saved.size(), spec.machines());
  spec.save_parameters = SaveParameters::parse("best:1");
  const auto best = run(spec);
  ASSERT_EQ(best.saved.size(), spec.configurations());
  for (const auto machine : best.saved) {
    const auto kl = std::bit_cast<double>(best.all[machine * 3 + 2][4]);
    for (auto other = machine % 16; other < spec.machines(); other += 16) {
      EXPECT_LE(kl, std::bit_cast<double>(best.all[other * 3 + 2][4]));
    }
  }
  EXPECT_EQ(best.saved, run(spec, 96).saved);
  // The first configuration has the first topology: its parameters stand where `all` has them.
  const auto first =
      std::find_if(best.saved.begin(), best.saved.end(), [](auto m) { return m % 16 == 0; });
  std::size_t offset = 0;
  for (std::uint64_t m = 0; m < *first; ++m) {
    offset += spec.topologies[spec.configuration(m % 16).topology].parameters();
  }
  std::size_t own = 0;
  for (auto m = best.saved.begin(); m != first; ++m) {
    own += spec.topologies[spec.configuration(*m % 16).topology].parameters();
  }
  EXPECT_TRUE(std::equal(best.parameters.begin() + static_cast<std::ptrdiff_t>(own),
                         best.parameters.begin() + static_cast<std::ptrdiff_t>(own + 143),
                         all.parameters.begin() + static_cast<std::ptrdiff_t>(offset)));
}

TEST(Sweep, WithoutAnExactKlTheBestAreThoseOfTheSampledOne) {
  auto spec = sixteen_configurations();
  spec.topologies = {Topology({10, 11, 9})};
  spec.rates = {0.1};
  spec.batches = {1};
  spec.initialisations = {Initialisation::parse("normal:1")};
  spec.seeds = SeedSet::parse("0:20");
  spec.samples = 3000;
  spec.save_parameters = SaveParameters::parse("best:1");
  const auto rows = run(spec);
  const auto last_kl = [&](std::uint64_t machine) {
    return std::bit_cast<double>(rows.all[machine * 3 + 2][5]);
  };
  ASSERT_EQ(rows.saved.size(), 1U);
  for (std::uint64_t m = 0; m < 20; ++m) EXPECT_LE(last_kl(rows.saved[0]), last_kl(m));
  EXPECT_LT(last_kl(rows.saved[0]), std::max(last_kl(0), last_kl(1)));
}

TEST(Sweep, ProgressReachesTheTotal) {
  const auto spec = sixteen_configurations();
  SweepProgress last;
  SweepOptions options{.shard_machines = 5};
  options.progress = [&](const SweepProgress& now) {
    EXPECT_GE(now.machine_steps, last.machine_steps);
    last = now;
  };
  run_sweep(spec, options, {});
  EXPECT_EQ(last.machine_steps, last.machine_steps_total);
  EXPECT_EQ(last.machines, spec.machines());
}

TEST(Sweep, WithoutStepsEvaluatesOnce) {
  auto spec = sixteen_configurations();
  spec.steps = 0;
  const auto rows = run(spec).all;
  ASSERT_EQ(rows.size(), spec.machines());
  EXPECT_EQ(rows[0][3], 0U);
}

TEST(Sweep, IsEstimatedOverEveryKindOfMachine) {
  auto spec = sixteen_configurations();
  spec.seeds = SeedSet::parse("0:64");
  spec.steps = spec.eval_every = 100'000;  // so that training decides
  const auto both = estimate_sweep(spec, 0.2);
  EXPECT_GT(both.machine_steps_per_second, 0);
  spec.batches = {1, 300};  // a kind that is not the first, and far slower
  const auto slow = estimate_sweep(spec, 0.2);
  EXPECT_GT(slow.seconds, 3 * both.seconds);
}

TEST(Sweep, IsEstimatedNoLongerThanWanted) {
  const auto start = std::chrono::steady_clock::now();
  int asked = 0;
  estimate_sweep(sixteen_configurations(), 60, [&] { return ++asked > 5; });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace helmholtz
