// Sweeps: which machine a number stands for, and that nothing but the spec decides the results.
#include "helmholtz/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "helmholtz/backend.hpp"
#include "helmholtz/error.hpp"
#include "sweep/memory.hpp"
#include "sweep/replay.hpp"

namespace helmholtz {
namespace {

/// Keeps every row as raw bits, so that NaN compares too.
class Rows : public ShardSink {
 public:
  using Row = std::array<std::uint64_t, 8>;

  explicit Rows(const SweepSpec& spec) : spec_(spec) {}

  void write(const Shard& shard) override {
    for (std::uint64_t k = 0; k < shard.machines(); ++k) {
      for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
        const auto evaluation = shard.evaluation(k, e);
        all.push_back({shard.first + k, shard.seeds[k], shard.configurations[k],
                       spec_.evaluation_step(e), std::bit_cast<std::uint64_t>(evaluation.kl_exact),
                       std::bit_cast<std::uint64_t>(evaluation.kl_sampled), evaluation.unseen,
                       evaluation.diverged ? 1U : 0U});
      }
    }
    parameters.insert(parameters.end(), shard.parameters.begin(), shard.parameters.end());
    saved.insert(saved.end(), shard.saved.begin(), shard.saved.end());
    ++shards;
  }

  std::vector<Row> all;
  std::vector<float> parameters;
  std::vector<std::uint64_t> saved;
  int shards = 0;

 private:
  SweepSpec spec_;
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
  Rows rows(spec);
  const std::array<ShardSink*, 1> sinks = {&rows};
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

/// Takes its time: what it is given, it gets while the next shards are trained.
class SlowSink : public ShardSink {
 public:
  void write(const Shard&) override { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }
};

TEST(Sweep, AStopKeepsTrainedShards) {
  auto spec = small_spec();
  spec.backend = "reference";  // the shards are trained one by one
  SlowSink slow;
  Rows rows(spec);
  const std::array<ShardSink*, 2> sinks = {&slow, &rows};
  std::uint64_t trained = 0;
  SweepOptions options{.shard_machines = 7};
  options.progress = [&](const SweepProgress& now) { trained = now.machines; };
  options.stop_requested = [&] { return trained == 14; };
  const auto outcome = run_sweep(spec, options, sinks);
  EXPECT_TRUE(outcome.stopped);
  EXPECT_EQ(outcome.machines, 14U);
  EXPECT_EQ(rows.all.size(), 14U * 3);
  const auto whole = run(spec).all;
  EXPECT_TRUE(std::equal(rows.all.begin(), rows.all.end(), whole.begin()));
}

/// Waits in its first shard until training has gone on; tells whether it has.
class WaitingSink : public ShardSink {
 public:
  void write(const Shard& shard) override {
    if (shard.first > 0) return;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!went_on && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  std::atomic<bool> went_on = false;
};

TEST(Sweep, WritesABlockWhileTheNextOneIsTrained) {
  auto spec = small_spec();
  spec.backend = "reference";
  WaitingSink sink;
  Rows rows(spec);
  const std::array<ShardSink*, 2> sinks = {&sink, &rows};
  SweepOptions options{.shard_machines = 7};
  bool meanwhile = false;
  options.progress = [&](const SweepProgress& now) {
    if (now.machine_steps <= 7 * 25) return;
    meanwhile = meanwhile || !sink.went_on;
    sink.went_on = true;
  };
  run_sweep(spec, options, sinks);
  EXPECT_TRUE(meanwhile);
  EXPECT_EQ(rows.all, run(spec).all);
}

/// Has room for some shards.
class FullSink : public ShardSink {
 public:
  explicit FullSink(int room) : room_(room) {}
  void write(const Shard&) override {
    if (room_-- > 0) return;
    full = true;
    throw IoError("shard", "No space left on device");
  }
  std::atomic<bool> full = false;

 private:
  int room_;
};

TEST(Sweep, ASinkThatFailsEndsItSoon) {
  auto spec = small_spec();
  spec.backend = "reference";
  for (int room = 0; room < 7; ++room) {
    FullSink full(room);
    Rows rows(spec);
    const std::array<ShardSink*, 2> sinks = {&full, &rows};
    SweepOptions options{.shard_machines = 7};
    double steps = 0;
    options.progress = [&](const SweepProgress& now) {
      steps = now.machine_steps;
      // Time for the sink to fail that has got one shard too many.
      if (now.machines / 7 > static_cast<std::uint64_t>(room)) {
        while (!full.full) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    };
    EXPECT_THROW(run_sweep(spec, options, sinks), IoError) << room;
    EXPECT_EQ(rows.shards, room);
    EXPECT_LT(steps, 7 * 25 * (room + 2)) << "went on training";
  }
}

TEST(Sweep, AsksWhatIsWantedBeforeASinkChangesIt) {
  const auto spec = small_spec();
  Rows rows(spec);
  const std::array<ShardSink*, 1> sinks = {&rows};
  SweepOptions options{.shard_machines = 7};
  const auto caller = std::this_thread::get_id();
  options.wanted = [&](std::uint64_t) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(rows.shards, 0);
    return true;
  };
  EXPECT_EQ(run_sweep(spec, options, sinks).machines, spec.machines());
}

TEST(Replay, StopsWithinOneEvaluation) {
  auto spec = small_spec();
  spec.samples = EvaluationOptions::kMaxSamples;
  spec.steps = 0;
  int asked = 0;
  int evaluated = 0;
  const auto parameters = replay(
      spec, 0, [&](std::uint64_t, const Evaluation&) { ++evaluated; },
      [&] { return ++asked == 2; });
  EXPECT_TRUE(parameters.empty());
  EXPECT_EQ(evaluated, 0);
}

TEST(Sweep, TrainsTheWantedShardsAlone) {
  const auto spec = small_spec();
  Rows rows(spec);
  const std::array<ShardSink*, 1> sinks = {&rows};
  const std::vector<bool> wanted = {false, true, true, false, true, false, true};
  SweepOptions options{.shard_machines = 7};
  options.wanted = [&](std::uint64_t shard) { return wanted[shard]; };
  EXPECT_EQ(run_sweep(spec, options, sinks).machines, 27U);
  EXPECT_EQ(rows.shards, 4);
  const auto whole = run(spec).all;
  for (const auto& row : rows.all) EXPECT_TRUE(wanted[row[0] / 7]);
  for (std::size_t i = 0, k = 0; i < whole.size(); ++i) {
    if (!wanted[whole[i][0] / 7]) continue;
    EXPECT_EQ(rows.all[k++], whole[i]);
  }
}

// A shard's size is bounded whatever is kept in it, and the estimates know what is kept.
TEST(Sweep, ShardsStaySmallWhateverTheyKeep) {
  auto spec = small_spec();
  spec.topologies = {Topology::parse("4,300,9")};
  spec.samples = 1;
  spec.steps = 1;
  spec.eval_every = 1;
  spec.seeds = SeedSet::parse("0:20000");
  const auto with = [&](const char* kept) {
    spec.save_parameters = SaveParameters::parse(kept);
    return std::pair(spec.shard_machines(), disk_bytes(spec));
  };
  const auto [none, none_bytes] = with("none");
  const auto [all, all_bytes] = with("all");
  const auto [every, every_bytes] = with("best:1000000");
  const auto [few, few_bytes] = with("best:1");
  EXPECT_LE(all * spec.topologies[0].parameters() * sizeof(float), std::size_t{4} << 20U);
  EXPECT_EQ(every, all);
  EXPECT_DOUBLE_EQ(every_bytes, all_bytes);
  EXPECT_GT(few, all);
  EXPECT_LE(few, none);
  EXPECT_GT(few_bytes, none_bytes);
  EXPECT_LT(few_bytes, all_bytes);
}

TEST(Sweep, KeepsTheParametersOfTheBest) {
  auto spec = small_spec();
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

TEST(Sweep, LongTrainingAndManyEvaluationsMakeSmallShards) {
  auto spec = small_spec();
  const auto cheap = spec.shard_machines();
  EXPECT_GT(cheap, 10'000U);
  spec.seeds = SeedSet::parse("0:1000000");
  spec.threads = 7;
  spec.backend = "reference";
  EXPECT_EQ(spec.shard_machines(), cheap);  // or more seeds could not extend a sweep
  spec.steps = 1'000'000;
  EXPECT_LT(spec.shard_machines(), 2000U);
  spec.eval_every = 1;
  EXPECT_EQ(spec.shard_machines(), 1U);
  spec.eval_every = 1'000'000;
  spec.batches = {Ensemble::kMaxBatch};
  EXPECT_LT(spec.shard_machines(), 10U);
}

TEST(Seeds, KnowWhatTheyExtend) {
  const auto begins = [](const char* more, const char* fewer) {
    return SeedSet::parse(more).begins_with(SeedSet::parse(fewer));
  };
  EXPECT_TRUE(begins("0:10", "0:10"));
  EXPECT_TRUE(begins("0:11", "0:10"));
  EXPECT_TRUE(begins("0:5,5:20,3000", "0:7"));
  EXPECT_TRUE(begins("0:7,100", "0,1,2:7"));
  EXPECT_FALSE(begins("0:10", "0:11"));
  EXPECT_FALSE(begins("1:11", "0:10"));
  EXPECT_FALSE(begins("0:5,6:20", "0:7"));
  EXPECT_FALSE(begins("0:20", "0:5,7"));
}

TEST(SaveParameters, ReadsWhatItWrites) {
  for (const auto* text : {"none", "all", "best:1", "best:1000000"}) {
    EXPECT_EQ(SaveParameters::parse(text).to_string(), text);
  }
  for (const auto* text : {"", "some", "best", "best:", "best:0", "best:-1", "best:1000001"}) {
    EXPECT_EQ(field_of([&] { SaveParameters::parse(text); }), "save-parameters") << text;
  }
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

TEST(Sweep, IsEstimatedOverEveryKindOfMachine) {
  auto spec = small_spec();
  spec.seeds = SeedSet::parse("0:64");
  spec.steps = spec.eval_every = 100'000;  // so that training decides
  const auto both = estimate_sweep(spec, 0.2);
  EXPECT_GT(both.machine_steps_per_second, 0);
  spec.batches = {1, 300};  // a kind that is not the first, and far slower
  const auto slow = estimate_sweep(spec, 0.2);
  EXPECT_GT(slow.seconds, 3 * both.seconds);
}

}  // namespace
}  // namespace helmholtz
