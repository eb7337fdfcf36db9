// How a sweep hands its shards on: while others are trained, in order, whole, until it is stopped.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/sweep.hpp"
#include "support/small_sweep.hpp"
#include "support/sweep_rows.hpp"
#include "sweep/replay.hpp"

namespace helmholtz {
namespace {

using testing::Rows;
using testing::run;
using testing::sixteen_configurations;

// Shards that are not wanted part the others into blocks, of which a GPU trains two side by side.
TEST(Sweep, BlocksAreTheSameOnEveryExactBackendAndInOrder) {
  auto spec = sixteen_configurations();
  spec.rates.push_back(1e7);  // diverges
  SweepOptions options{.shard_machines = 5};
  options.wanted = [](std::uint64_t shard) { return shard % 2 == 0; };
  const auto rows_of = [&](const std::string& backend) {
    spec.backend = backend;
    Rows rows(spec);
    const std::array<ShardSink*, 1> sinks = {&rows};
    EXPECT_EQ(run_sweep(spec, options, sinks).machines, 37U) << backend;
    return rows.all;
  };
  const auto expected = rows_of("reference");
  for (const auto& info : list_backends()) {
    if (!info.exact || !info.available) continue;
    EXPECT_EQ(rows_of(info.name), expected) << info.name;
  }
}

/// Writes slowly: it still writes a shard while the next ones are trained.
class SlowSink : public ShardSink {
 public:
  void write(const Shard&) override { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }
};

TEST(Sweep, AStopKeepsTrainedShards) {
  auto spec = sixteen_configurations();
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

/// Waits in its first shard until training has continued; says whether it has.
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
  auto spec = sixteen_configurations();
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
  auto spec = sixteen_configurations();
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
  const auto spec = sixteen_configurations();
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
  auto spec = sixteen_configurations();
  spec.samples = EvaluationOptions::kMaxSamples;
  spec.steps = 0;
  int asked = 0;
  int evaluated = 0;
  const std::uint64_t machine = 0;
  const auto trainer =
      replay(spec, std::span(&machine, 1), {.stop_requested = [&] { return ++asked == 2; }},
             [&](std::uint64_t, const Evaluation&) { ++evaluated; });
  EXPECT_FALSE(trainer);
  EXPECT_EQ(evaluated, 0);
}

TEST(Sweep, TrainsTheWantedShardsAlone) {
  const auto spec = sixteen_configurations();
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

}  // namespace
}  // namespace helmholtz
