// What a sweep is, and what it refuses.
#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"
#include "support/environment_variable.hpp"
#include "support/field_of.hpp"
#include "support/small_sweep.hpp"
#include "sweep/fields.hpp"
#include "sweep/memory.hpp"
#include "sweep/settings.hpp"
#include "sweep/validate.hpp"

namespace helmholtz {
namespace {

using testing::field_of;
using testing::sixteen_configurations;
using testing::two_configurations;

/// Directories are opened for it: `status` and `verify` start no GPU.
TEST(SweepSpec, SettingsAreKnownWithoutTheCudaPlugin) {
  const testing::EnvironmentVariable plugin("HELMHOLTZ_CUDA_PLUGIN", HELMHOLTZ_OLD_PLUGIN);
  SweepSpec spec;
  spec.seeds = SeedSet::parse("0:1000000");
  ASSERT_EQ(spec.backend, "auto");
  EXPECT_EQ(backend_arithmetic(spec), "exact");
  std::ifstream file("/proc/self/maps");
  const std::string maps((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(maps.find("old_plugin"), std::string::npos);
}

TEST(SweepSpec, AConfigurationIsOfItsKind) {
  auto spec = sixteen_configurations();
  spec.particles = {1, 5};
  const auto kinds = spec.kinds();
  ASSERT_EQ(kinds.size(), 8U);
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto own = spec.configuration(c);
    const auto& kind = kinds.at(kind_number(spec, c));
    EXPECT_EQ(kind.topology, own.topology) << c;
    EXPECT_EQ(kind.batch, own.batch) << c;
    EXPECT_EQ(kind.particles, own.particles) << c;
  }
}

TEST(Sweep, HasNoEmptyShard) {
  auto spec = testing::two_configurations();
  spec.rates = {0.05};
  const auto each = spec.shard_machines();
  const auto shards_of = [&](std::uint64_t machines) {
    spec.seeds = SeedSet::parse("0:" + std::to_string(machines));
    return spec.shards(spec.shard_machines());
  };
  EXPECT_EQ(shards_of(3 * each - 1), 3U);
  EXPECT_EQ(shards_of(3 * each), 3U);
  EXPECT_EQ(shards_of(3 * each + 1), 4U);
}

TEST(Shard, CountsTheMachinesThatHaveDivergedAtTheEnd) {
  Shard shard(0, 3, 2, {});
  shard.set_evaluation(1, 1, {.diverged = true});
  EXPECT_EQ(shard.count_diverged(), 1U);
  shard.set_evaluation(2, 0, {.diverged = true});
  EXPECT_EQ(shard.count_diverged(), 1U);
}

TEST(Shard, HasOneKindOfNaN) {
  Shard shard(0, 1, 1, {.samples = 1});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto other = std::bit_cast<double>(std::bit_cast<std::uint64_t>(nan) + 17);
  shard.set_evaluation(0, 0, {.kl_exact = other, .kl_sampled = other});
  for (const double kl : {shard.column("kl_exact")[0], shard.column("kl_sampled")[0]}) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(kl), std::bit_cast<std::uint64_t>(nan));
  }
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

TEST(SweepSpec, RanksByNumbersThatCompare) {
  const auto ranking = [](const SweepSpec& spec) {
    std::vector<std::string> names;
    for (const auto* const metric : spec.ranking_metrics()) {
      names.emplace_back(metric == nullptr ? "none" : metric->name);
    }
    return names;
  };
  SweepSpec spec;
  spec.topologies = {Topology({1, 6, 9}), Topology({25, 9})};
  EXPECT_EQ(ranking(spec), (std::vector<std::string>{"kl_exact", "none"}));
  spec.log_likelihood = 10;
  EXPECT_EQ(ranking(spec), (std::vector<std::string>{"log_likelihood", "log_likelihood"}));
  spec.samples = 10;
  EXPECT_EQ(ranking(spec), (std::vector<std::string>{"kl_exact", "kl_sampled"}));
  spec.topologies = {Topology({1, 6, 9})};
  spec.samples = 0;
  EXPECT_EQ(ranking(spec), (std::vector<std::string>{"kl_exact"}));
}

TEST(SweepSpec, ItsLogLikelihoodIsASettingWhereItIsAskedFor) {
  SweepSpec spec;
  const auto without = settings_of(spec);
  spec.log_likelihood = 100;
  auto with = settings_of(spec);
  const Settings::value_type asked = {"log-likelihood", "100"};
  EXPECT_EQ(std::erase(with, asked), 1U);
  EXPECT_EQ(with, without);
}

TEST(SweepSpec, ItsLogLikelihoodCountsInShardsAndMemory) {
  SweepSpec spec;
  spec.seeds = SeedSet::parse("0:100000");
  const auto without = spec.shard_machines();
  const auto one = trial_ensemble(spec, spec.configuration(0), 1);
  const auto memory = training_memory(spec, "cpu-fused", one);
  spec.log_likelihood = 1'000'000;
  EXPECT_LT(spec.shard_machines(), without / 10);
  // A tile of 240 particles of 16 units, for each thread.
  EXPECT_GE(training_memory(spec, "cpu-fused", one),
            memory + threads_of(spec) * 240.0 * 16 * sizeof(float));
}

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
    auto spec = sixteen_configurations();
    bad[i].change(spec);
    EXPECT_EQ(field_of([&] { spec.validate(); }), bad[i].field) << "row " << i;
  }
}

// Memory follows the shards that a directory has, not those that a new one would have.
TEST(Sweep, NeedsTheMemoryOfItsDirectorysShards) {
  auto spec = two_configurations();
  spec.topologies = {Topology::parse("4,2000,2000,9")};
  spec.samples = 1;
  spec.seeds = SeedSet::parse("0:2000000");
  EXPECT_EQ(field_of([&] { validate(spec, 0); }), "nothing thrown");
  EXPECT_EQ(field_of([&] { validate(spec, std::uint64_t{1} << 20U); }), "layers");
  EXPECT_GT(disk_bytes(spec, 1), disk_bytes(spec, 1000));
}

struct EqualValues {
  const char* field;
  const char* first;
  const char* second;
};

// Two names for one machine would count it twice.
TEST(Sweep, RejectsWhatTheArithmeticTakesForEqual) {
  for (const auto& [field, first, second] : std::vector<EqualValues>{
           {"lr", "0.3", "0.30000000000000004"},
           {"lr", "0", "1e-46"},
           {"init", "zero", "zero+visible-bias:1e-46"},
           {"layers", "1,6,9", "1,6,9"},
           {"batch", "3", "3"},
           {"particles", "5", "5"},
           {"schedule", "constant", "inverse:0"},
           {"schedule", "constant", "exponential:1:7"},
           {"optimizer", "sgd", "sgd"},
           {"optimizer", "momentum:0.3", "momentum:0.30000000000000004"},
           {"optimizer", "adam:0.9,0.999,1e-08", "adam:0.9,0.9990000000000001,1e-08"},
           {"init", "zero", "normal:1e-50"},
           {"init", "zero", "zero+visible-bias:0"},
           {"init", "zero+visible-bias:0.3", "zero+visible-bias:0.30000000000000004"}}) {
    const auto equal = parse_spec({{field, {first, second}}});
    try {
      equal.validate();
      ADD_FAILURE() << first << " and " << second;
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.field(), field);
      EXPECT_NE(std::string(error.what()).find(first), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find('"' + std::string(second)), std::string::npos)
          << error.what();
    }
  }
  auto spec = parse_spec({{"lr", {"0.1", "0.2"}}, {"lr-layer", {"1,1,1"}}});
  EXPECT_EQ(field_of([&] { spec.validate(); }), "lr");
  spec = parse_spec(
      {{"lr", {"0.3", "0.3000001"}},
       {"schedule", {"constant", "inverse:1e-9", "inverse:0.001", "inverse:0.00100000001"}},
       {"optimizer", {"sgd", "momentum:0", "momentum:0.9", "adam", "adam:0.9,0.99,1e-8"}},
       {"init", {"zero", "normal:0.3", "normal:0.3000000005"}}});
  EXPECT_EQ(field_of([&] { spec.validate(); }), "nothing thrown");
}

}  // namespace
}  // namespace helmholtz
