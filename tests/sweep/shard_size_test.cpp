// How a sweep is cut into shards, and how many are trained at once.
#include <gtest/gtest.h>

#include <utility>

#include "helmholtz/sweep.hpp"
#include "support/small_sweep.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {
namespace {

using testing::sixteen_configurations;

// A shard's size is bounded whatever is kept in it, and the estimates know what is kept.
TEST(Sweep, ShardsStaySmallWhateverTheyKeep) {
  auto spec = sixteen_configurations();
  spec.topologies = {Topology::parse("4,300,9")};
  spec.samples = 1;
  spec.steps = 1;
  spec.eval_every = 1;
  spec.seeds = SeedSet::parse("0:20000");
  const auto with = [&](const char* kept) {
    spec.save_parameters = SaveParameters::parse(kept);
    return std::pair(spec.shard_machines(), disk_bytes(spec, spec.shard_machines()));
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

/// A machine of [1,6,9] takes 25 ns a step and about 1.3 us an exact KL of one core.
TEST(Sweep, AShardIsTwoSecondsOfACoresWorkOrFourMebibytes) {
  SweepSpec spec{.world = make_world("kirby3x3"),
                 .topologies = {Topology({1, 6, 9})},
                 .seeds = SeedSet::parse("0:1000000")};
  const auto seconds = [&](double steps, double evaluations) {
    return static_cast<double>(spec.shard_machines()) * (steps * 25e-9 + evaluations * 1.3e-6);
  };
  EXPECT_NEAR(seconds(50'000, 10), 2, 0.1);
  EXPECT_GT(spec.shards(spec.shard_machines()), 500U);
  spec.eval_every = 250;
  EXPECT_NEAR(seconds(50'000, 200), 2, 0.1);
  spec.eval_every = 50'000;
  spec.samples = 1'000'000;  // half a step each, about
  EXPECT_NEAR(seconds(50'000 + 0.4 * 1e6, 1), 2, 0.1);
  spec.samples = 0;
  spec.steps = 100;
  spec.eval_every = 10;
  EXPECT_LT(seconds(100, 10), 2);
  const auto bytes = spec.shard_machines() * (12 + 10 * 9);
  EXPECT_LE(bytes, std::size_t{4} << 20U);
  EXPECT_GT(bytes, std::size_t{3} << 20U);
}

/// Small shards leave no lane idle: several are trained at once, as many whatever the host.
TEST(Sweep, SeveralShardsAreTrainedAtOnce) {
  SweepSpec spec{.world = make_world("kirby3x3"),
                 .topologies = {Topology({1, 6, 9})},
                 .seeds = SeedSet::parse("0:1000000")};
  const auto each = spec.shard_machines();
  const auto shards = [&](const char* backend, int threads) {
    spec.backend = backend;
    spec.threads = threads;
    EXPECT_EQ(spec.shard_machines(), each);
    EXPECT_EQ(machines_at_once(spec, each) % each, 0U);
    return machines_at_once(spec, each) / each;
  };
  EXPECT_EQ(shards("cpu-fused", 1), 2U);
  EXPECT_EQ(shards("cpu-fused", 64), 2U * 64);
  EXPECT_EQ(shards("reference", 64), 1U);
  EXPECT_GE(shards("cuda-fused", 1) * each, std::size_t{1} << 17U);
  EXPECT_GE(shards("cuda-layered", 1) * each, (std::size_t{1} << 21U) / 16);  // 2^21 units
  spec.steps = 100;  // cheap: then memory bounds it
  for (const auto* const backend : {"cuda-fused", "cuda-layered"}) {
    spec.backend = backend;
    EXPECT_LT(sweep_memory(spec, spec.shard_machines()).shard, 1e9);
    EXPECT_LT(static_cast<double>(machines_at_once(spec, spec.shard_machines())) * 143 * 4, 3e8);
  }
}

// Configurations have equal shares of a block: as many machines of the small ones as of the large.
TEST(Sweep, OnAGpuTheLargestMachinesBoundABlock) {
  SweepSpec spec{.world = make_world("kirby3x3"),
                 .topologies = {Topology({100, 600, 9})},
                 .seeds = SeedSet::parse("0:100000")};
  for (const auto* const backend : {"cuda-fused", "cuda-layered"}) {
    spec.backend = backend;
    spec.topologies = {Topology({100, 600, 9})};
    const auto alone = machines_at_once(spec, 1);
    spec.topologies = {Topology({1, 6, 9}), Topology({100, 600, 9})};
    EXPECT_EQ(machines_at_once(spec, 1), 2 * alone);
  }
  spec.batches = {1 << 20};
  EXPECT_EQ(machines_at_once(spec, 1), 2U);
}

TEST(Sweep, LongTrainingAndManyEvaluationsMakeSmallShards) {
  auto spec = sixteen_configurations();
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

}  // namespace
}  // namespace helmholtz
