// Sweeps: which machine a number stands for, and that nothing but the spec decides the results.
#include "helmholtz/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "helmholtz/backend.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {
namespace {

/// Keeps every row as raw bits, so that NaN compares too.
class Rows : public ResultSink {
 public:
  using Row = std::array<std::uint64_t, 8>;

  void write(std::span<const ResultRow> rows) override {
    for (const auto& row : rows) {
      all.push_back({row.machine, row.seed, row.configuration, row.step,
                     std::bit_cast<std::uint64_t>(row.evaluation.kl_exact),
                     std::bit_cast<std::uint64_t>(row.evaluation.kl_sampled), row.evaluation.unseen,
                     row.evaluation.diverged ? 1U : 0U});
    }
    ++shards;
  }

  std::vector<Row> all;
  int shards = 0;
};

SweepSpec small_spec() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 6, 9}), Topology({2, 3, 9})},
          .rates = {0.05, 0.1},
          .batches = {1, 3},
          .schedules = {{}},
          .initialisations = {{}, Initialisation::parse("normal:0.1")},
          .seeds = SeedSet::parse("3,10:12"),
          .steps = 25,
          .eval_every = 10,
          .samples = 50};
}

Rows run(const SweepSpec& spec, std::uint64_t shard_machines = 0) {
  Rows rows;
  const std::array<ResultSink*, 1> sinks = {&rows};
  const auto outcome = run_sweep(spec, {.shard_machines = shard_machines}, sinks);
  EXPECT_EQ(outcome.machines, spec.machines());
  EXPECT_FALSE(outcome.stopped);
  EXPECT_EQ(outcome.machine_steps, static_cast<double>(spec.machines() * spec.steps));
  return rows;
}

std::string field_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const InvalidArgument& error) {
    return error.field();
  }
  return "nothing thrown";
}

TEST(Seeds, AreRangesInTheirOrder) {
  const auto seeds = SeedSet::parse("7,100:103,18446744073709551615");
  ASSERT_EQ(seeds.size(), 5U);
  EXPECT_EQ(seeds[0], 7U);
  EXPECT_EQ(seeds[1], 100U);
  EXPECT_EQ(seeds[3], 102U);
  EXPECT_EQ(seeds[4], 18446744073709551615U);
  EXPECT_EQ(seeds.to_string(), "7,100:103,18446744073709551615");
  EXPECT_EQ(SeedSet::parse("0:1099511627776").size(), SeedSet::kMaxSeeds);
}

TEST(Seeds, RejectsWhatIsNoSeed) {
  for (const auto* text : {"",
                           ",",
                           "1,",
                           ":",
                           "1:",
                           ":5",
                           "5:5",
                           "5:4",
                           "0:0",
                           "-1",
                           "0:-1",
                           "-3:4",
                           "1.5",
                           "1e3",
                           "0x10",
                           " 1",
                           "1 ",
                           "a",
                           "1:2:3",
                           "18446744073709551616",
                           "0:18446744073709551616",
                           "0:1099511627777",
                           "0:1099511627776,1099511627776",
                           "1,1",
                           "0:10,9",
                           "5:8,0:6",
                           "+1"}) {
    EXPECT_EQ(field_of([&] { SeedSet::parse(text); }), "seeds") << text;
  }
}

TEST(Sweep, CountsThroughTheListsSeedsSlowest) {
  const auto spec = small_spec();
  ASSERT_EQ(spec.configurations(), 16U);
  ASSERT_EQ(spec.machines(), 48U);
  std::vector<std::string> seen;
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto configuration = spec.configuration(c);
    const std::uint64_t expected =
        configuration.topology * 8 + (configuration.rate == 0.1 ? 4U : 0U) +
        (configuration.batch == 3 ? 2U : 0U) + (configuration.initialisation.scale > 0 ? 1U : 0U);
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
  auto spec = small_spec();
  const auto all = run(spec).all;
  spec.seeds = SeedSet::parse("3,10");
  const auto fewer = run(spec).all;
  ASSERT_EQ(fewer.size(), 96U);
  EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), all.begin()));
}

TEST(Sweep, ShardSizeAndThreadsChangeNothing) {
  auto spec = small_spec();
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
  const auto spec = small_spec();
  const auto rows = run(spec).all;
  const std::uint64_t machine = 29;
  const auto configuration = spec.configuration(machine % 16);
  const std::array seed = {spec.seeds[machine / 16]};
  const auto trainer =
      make_trainer(spec.resolved_backend(configuration), spec.ensemble(configuration, seed));
  trainer->train(spec.steps);
  std::array<Evaluation, 1> alone;
  trainer->evaluate({.exact = true, .samples = spec.samples}, 0, alone);
  const auto& last = rows[machine * 3 + 2];
  EXPECT_EQ(last[4], std::bit_cast<std::uint64_t>(alone[0].kl_exact));
  EXPECT_EQ(last[5], std::bit_cast<std::uint64_t>(alone[0].kl_sampled));
}

TEST(Sweep, ADivergingRateLeavesTheOthersAlone) {
  auto spec = small_spec();
  spec.topologies = {Topology({1, 6, 9})};
  spec.initialisations = {{}};
  spec.rates = {0.05, 1e38};
  spec.batches = {1};
  Rows mixed;
  const std::array<ResultSink*, 1> sinks = {&mixed};
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

TEST(Sweep, AStopKeepsFinishedShards) {
  const auto spec = small_spec();
  Rows rows;
  const std::array<ResultSink*, 1> sinks = {&rows};
  SweepOptions options{.shard_machines = 7};
  options.stop_requested = [&] { return rows.shards == 2; };
  const auto outcome = run_sweep(spec, options, sinks);
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.machines, 14U);
  EXPECT_EQ(rows.all.size(), 14U * 3);
  const auto whole = run(spec).all;
  EXPECT_TRUE(std::equal(rows.all.begin(), rows.all.end(), whole.begin()));
}

TEST(Sweep, ProgressReachesTheTotal) {
  const auto spec = small_spec();
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
  auto spec = small_spec();
  spec.steps = 0;
  const auto rows = run(spec).all;
  ASSERT_EQ(rows.size(), spec.machines());
  EXPECT_EQ(rows[0][3], 0U);
}

TEST(Sweep, LongStepsAndManyEvaluationsMakeSmallShards) {
  auto spec = small_spec();
  EXPECT_EQ(spec.shard_machines(), SweepSpec::kShardMachines);
  spec.steps = 1'000'000;
  spec.eval_every = 1;
  EXPECT_EQ(spec.shard_machines(), 1U);
  spec.eval_every = 1'000'000;
  spec.batches = {Ensemble::kMaxBatch};
  EXPECT_LT(spec.shard_machines(), 10U);
}

struct BadSpec {
  const char* field;
  std::function<void(SweepSpec&)> change;
};

TEST(Sweep, RejectsABadSpec) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<BadSpec> bad = {
      {"layers", [](auto& s) { s.topologies = {}; }},
      {"layers",
       [](auto& s) {
         s.topologies.push_back(Topology({1, 6, 8}));
       }},
      {"lr", [](auto& s) { s.rates = {}; }},
      {"lr",
       [](auto& s) {
         s.rates = {0.1, -0.1};
       }},
      {"lr", [=](auto& s) { s.rates = {nan}; }},
      {"lr-layer", [](auto& s) { s.rate_overrides.per_layer = {0.1}; }},
      {"batch",
       [](auto& s) {
         s.batches = {1, 0};
       }},
      {"seeds", [](auto& s) { s.seeds = {}; }},
      {"seeds", [](auto& s) { s.seeds = SeedSet::parse("0:1099511627776"); }},
      {"seeds", [](auto& s) { s.seeds = SeedSet::parse("0:10000000000"); }},
      {"steps", [](auto& s) { s.steps = 1'000'000'000'001; }},
      {"eval-every", [](auto& s) { s.eval_every = 0; }},
      {"eval-every", [](auto& s) { s.steps = 1'000'001, s.eval_every = 1; }},
      {"samples", [](auto& s) { s.samples = 1'000'000'001; }},
      {"samples",
       [](auto& s) {
         s.topologies = {Topology({10, 11, 9})}, s.samples = 0;
       }},
      {"backend", [](auto& s) { s.backend = "gpu"; }},
      {"threads", [](auto& s) { s.threads = -1; }},
      {"threads", [](auto& s) { s.threads = 1'000'000; }},
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    auto spec = small_spec();
    bad[i].change(spec);
    EXPECT_EQ(field_of([&] { spec.validate(); }), bad[i].field) << "row " << i;
  }
}

TEST(Sweep, MeasuresARate) { EXPECT_GT(measure_sweep_rate(small_spec(), 0.01), 0); }

}  // namespace
}  // namespace helmholtz
