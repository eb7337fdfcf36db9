// What a sweep leaves on disk: is resumed, is extended; run_refusals_test.cpp: what it refuses.
#include "helmholtz/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>

#include "report/statistics.hpp"
#include "run/event_log.hpp"
#include "run/manifest.hpp"
#include "support/a_run.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {
namespace {

using testing::ARun;
using testing::read_file;
using testing::shard_of;
using testing::two_configurations;

using ::testing::HasSubstr;

const std::vector<double> kTenMachines = {0.9, 0.3, 0.7, std::nan(""), 0.8,
                                          0.1, 0.6, 0.2, 0.5,          std::nan("")};

TEST_F(ARun, HoldsWhatItWasGiven) {
  const auto spec = two_configurations();
  const auto shard = shard_of(spec, kTenMachines);
  RunDirectory directory(path_, spec);
  EXPECT_TRUE(directory.wants(0));
  directory.write(shard);
  EXPECT_FALSE(directory.wants(0));
  EXPECT_TRUE(directory.is_complete());
  const auto found = ShardFiles(path_, spec).read(0);
  EXPECT_EQ(found.seeds, shard.seeds);
  EXPECT_EQ(found.configurations, shard.configurations);
  EXPECT_EQ(found.diverged, shard.diverged);
  const auto bits = [](double kl) { return std::bit_cast<std::uint64_t>(kl); };
  EXPECT_TRUE(
      std::ranges::equal(found.column("kl_exact"), shard.column("kl_exact"), {}, bits, bits));
  EXPECT_THAT(read_file(path_ / "config.toml"), HasSubstr("seeds = \"0:5\"\n"));
  EXPECT_EQ(read_manifest(path_ / "manifest.json").configuration_hash,
            configuration_hash(settings_of(spec)));
}

TEST_F(ARun, IsReadIntoMemory) {
  const auto spec = testing::sixteen_configurations();
  sweep(spec);
  const auto run = open_run(path_);
  EXPECT_EQ(run.spec().seeds.to_string(), spec.seeds.to_string());
  ASSERT_TRUE(run.is_done(0));
  const auto all = run.results();
  EXPECT_EQ(all.seeds, run_sweep(spec).seeds);
  EXPECT_EQ(all.column("kl_exact"), run_sweep(spec).column("kl_exact"));
  EXPECT_EQ(all.configurations, run_sweep(spec).configurations);
  EXPECT_EQ(all.diverged, run_sweep(spec).diverged);
  EXPECT_THROW(open_run(path_ / "shards"), NoInput);
}

TEST_F(ARun, GoesOnWhereShardsAreMissing) {
  const auto spec = two_configurations();
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines());
  sweep(spec);
  EXPECT_EQ(trained_, 0U);
  std::filesystem::remove(path_ / "shards" / "00000000.h5");
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines());
}

TEST_F(ARun, IsExtendedByMoreSeeds) {
  auto spec = two_configurations();
  spec.batches = {Ensemble::kMaxBatch};  // shards of three machines
  spec.steps = 0;
  spec.backend = "reference";
  sweep(spec);
  spec.seeds = SeedSet::parse("0:5,100:110");
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines() - 9);  // the short shard again
  EXPECT_GT(ShardFiles(path_, spec).shards(), 1U);
  EXPECT_THAT(read_file(path_ / "config.toml"), HasSubstr("seeds = \"0:5,100:110\"\n"));
  const auto extended = read_file(path_ / "shards" / "00000001.h5");
  path_ = temporary_.path() / "at once";
  sweep(spec);
  EXPECT_EQ(read_file(path_ / "shards" / "00000001.h5"), extended);
  spec.seeds = SeedSet::parse("0:5");
  EXPECT_THAT(message(spec), HasSubstr("seeds: 0:5,100:110 there, 0:5 now"));
}

TEST_F(ARun, LeavesFilesOfOthersAlone) {
  const auto spec = two_configurations();
  std::filesystem::create_directories(path_);
  for (const auto* name :
       {"config.toml", "world.txt", "log.jsonl", "lock", "summary.csv", "shards", "report.html"}) {
    std::ofstream(path_ / name) << "mine";
    EXPECT_THAT(message(spec), HasSubstr(std::string("run/") + name + ": is there already"));
    EXPECT_EQ(read_file(path_ / name), "mine");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1) << name;
    std::filesystem::remove(path_ / name);
  }
  std::filesystem::create_directory(path_ / "shards");
  std::ofstream(path_ / "shards" / "00000000.h5") << "mine";
  EXPECT_THAT(message(spec), HasSubstr("run/shards: is there already"));
}

TEST_F(ARun, StandsBesideFilesOfOtherNames) {
  std::filesystem::create_directories(path_ / "shards");
  std::filesystem::create_directories(path_ / "lost+found");
  const std::vector<std::string> foreign = {"slurm-123.out", "log", ".nfs0001", ".DS_Store",
                                            "shards/.nfs0002"};
  for (const auto& name : foreign) std::ofstream(path_ / name) << "mine";
  sweep(two_configurations());
  EXPECT_EQ(trained_, 10U);
  for (const auto& name : foreign) EXPECT_EQ(read_file(path_ / name), "mine");
  sweep(two_configurations());
  EXPECT_EQ(trained_, 0U);
}

/// As if an earlier version had made it, whose shards had another size.
TEST_F(ARun, KeepsTheShardSizeOfItsManifest) {
  auto spec = two_configurations();
  sweep(spec);
  const auto whole = ShardFiles(path_, spec).read(0);
  auto manifest = Json::parse(read_file(path_ / "manifest.json"));
  EXPECT_EQ(manifest["machines_a_shard"], spec.shard_machines());
  manifest["schema"] = 1;
  manifest["machines_a_shard"] = 4;
  std::ofstream(path_ / "manifest.json") << manifest;
  std::filesystem::remove(path_ / "shards" / "00000000.h5");
  sweep(spec);
  EXPECT_EQ(trained_, 10U);
  const ShardFiles files(path_, spec, read_manifest(path_ / "manifest.json").shard_machines);
  ASSERT_EQ(files.shards(), 3U);
  EXPECT_EQ(files.read(2).machines(), 2U);
  const auto& all = whole.column("kl_exact");
  const auto part = files.read(1).column("kl_exact");
  EXPECT_TRUE(std::equal(all.begin() + 8, all.begin() + 16, part.begin()));
  std::filesystem::remove(files.path(1));
  spec.seeds = SeedSet::parse("0:6");
  sweep(spec);
  EXPECT_EQ(trained_, 4U + 4);  // the missing one, and the short one again
  EXPECT_EQ(Json::parse(read_file(path_ / "manifest.json")), manifest);
  for (const int size : {0, 1 << 21}) {
    manifest["machines_a_shard"] = size;
    std::ofstream(path_ / "manifest.json") << manifest;
    EXPECT_THROW(RunDirectory(path_, spec), BadData) << size;
  }
}

// It is found missing, then it is there: a link or a folder of its name is bad, a file is not.
TEST_F(ARun, SeesNothingBadWhereAShardAppears) {
  const auto spec = two_configurations();
  sweep(spec);
  const ShardFiles files(path_, spec);
  const auto away = path_ / "away.h5";
  const std::jthread writer([&](const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      std::filesystem::rename(files.path(0), away);
      std::filesystem::rename(away, files.path(0));
    }
  });
  std::map<ShardFiles::State, int> seen;
  for (int i = 0; i < 50'000; ++i) ++seen[files.state(0)];
  EXPECT_EQ(seen[ShardFiles::State::bad], 0);
  EXPECT_GT(seen[ShardFiles::State::missing], 0);
  EXPECT_GT(seen[ShardFiles::State::done], 0);
}

TEST_F(ARun, TakesWholeShardsOfItsSizeAlone) {
  const auto spec = two_configurations();
  RunDirectory directory(path_, spec);
  EXPECT_THROW(directory.write(shard_of(spec, {0.5, 0.5})), InvalidArgument);
  EXPECT_THROW(directory.write(shard_of(spec, kTenMachines, 10)), InvalidArgument);
  EXPECT_TRUE(directory.wants(0));
}

TEST_F(ARun, ManyShardsAtOnceAreTheSameFiles) {
  auto spec = two_configurations();
  spec.seeds = SeedSet::parse("0:100");
  std::filesystem::create_directories(path_ / "shards");
  const ShardFiles files(path_, spec, 4);
  std::vector<Shard> shards;
  for (std::uint64_t i = 0; i < files.shards(); ++i) {
    shards.push_back(shard_of(spec, {0.1, 0.2, 0.3, 0.4}, files.first_machine(i)));
  }
  ASSERT_EQ(shards.size(), 50U);  // more than are open at once
  const auto bytes = files.write_all(shards);
  for (std::uint64_t i = 0; i < files.shards(); ++i) {
    const auto expected = files.bytes(shards[i]);
    EXPECT_EQ(read_file(files.path(i)), expected);
    EXPECT_EQ(bytes[i], expected.size());
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_ / "shards"), {}), 50);
}

TEST_F(ARun, LogsWhoTrainedAShardWithWhat) {
  auto spec = two_configurations();
  spec.threads = 3;
  sweep(spec);
  std::ifstream log(path_ / "log.jsonl");
  int shards = 0;
  for (std::string line; std::getline(log, line);) {
    const auto event = Json::parse(line);
    if (event["event"] != "shard") continue;
    ++shards;
    EXPECT_EQ(event["process"], getpid());
    EXPECT_EQ(event["host"], host_name());
    EXPECT_EQ(event["threads"], 3);
    EXPECT_FALSE(event["helmholtz"].get<std::string>().empty());
    ASSERT_EQ(event["backends"].size(), 1U);
    EXPECT_EQ(event["backends"][0]["name"], "cpu-fused");
    EXPECT_THAT(event["backends"][0]["runs_on"].get<std::string>(), HasSubstr("instruction set"));
  }
  EXPECT_EQ(shards, 1);
}

TEST_F(ARun, ThatWasKilledWhenItWasMadeIsMade) {
  const auto spec = two_configurations();
  sweep(spec);
  const auto manifest = read_file(path_ / "manifest.json");
  for (const auto* name : {"manifest.json", "summary.csv"}) std::filesystem::remove(path_ / name);
  std::filesystem::remove(path_ / "shards" / "00000000.h5");
  std::ofstream(path_ / "log.jsonl");
  std::ofstream(path_ / ".manifest.json.tmp") << "{";
  EXPECT_EQ(message(spec), "opened");
  EXPECT_EQ(read_file(path_ / "manifest.json"), manifest);
}

TEST_F(ARun, OfMoreSeedsHasNoOldSummary) {
  auto spec = two_configurations();
  RunDirectory fewer(path_, spec, {.k = 0, .n = 1});
  fewer.write_summary("old");
  EXPECT_EQ(read_file(path_ / "summary.csv"), "old");
  std::ofstream(path_ / "report.html") << "old";
  spec.seeds = SeedSet::parse("0:9");
  const RunDirectory more(path_, spec);  // this process may hold a lock twice
  EXPECT_FALSE(std::filesystem::exists(path_ / "summary.csv"));
  EXPECT_FALSE(std::filesystem::exists(path_ / "report.html"));
  fewer.write_summary("old");
  EXPECT_FALSE(std::filesystem::exists(path_ / "summary.csv"));
}

TEST_F(ARun, NamesTheMachinesOfAShardUnderAnothersName) {
  auto spec = two_configurations();
  spec.batches = {Ensemble::kMaxBatch};  // several shards
  spec.steps = 0;
  spec.seeds = SeedSet::parse("0:40");
  spec.backend = "reference";
  sweep(spec);
  const ShardFiles files(path_, spec);
  ASSERT_GT(files.shards(), 1U);
  std::filesystem::copy_file(files.path(0), files.path(1),
                             std::filesystem::copy_options::overwrite_existing);
  try {
    static_cast<void>(files.read(1));
    FAIL();
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("holds machines [0, " + std::to_string(files.machines(0)) + ")"));
  }
}

TEST_F(ARun, QuarantinesABadShardOnce) {
  const auto spec = two_configurations();
  sweep(spec);
  const auto shard = path_ / "shards" / "00000000.h5";
  const auto renamed = path_ / "shards" / "00000000.h5.bad-1";
  const auto good = read_file(shard);
  for (const std::size_t flipped : {std::size_t{100}, good.size() - 20}) {
    auto bad = good;
    bad[flipped] = static_cast<char>(bad[flipped] ^ 4);
    std::ofstream(shard, std::ios::binary) << bad;
    std::vector<std::string> warnings;
    {
      RunDirectory directory(path_, spec, {},
                             [&](const std::string& text) { warnings.push_back(text); });
      report::Summary summary(spec);
      EXPECT_TRUE(directory.wants(0) || !directory.read(summary));
      EXPECT_TRUE(directory.wants(0));
      directory.train();
      EXPECT_EQ(read_file(shard), good);
      EXPECT_EQ(read_file(renamed), bad);
      ASSERT_EQ(warnings.size(), 1U);
      EXPECT_THAT(warnings[0], HasSubstr(shard.string()));
    }
    std::ofstream(shard, std::ios::binary) << bad;
    const auto again = [&] {
      RunDirectory directory(path_, spec);
      report::Summary summary(spec);
      directory.read(summary);
    };
    EXPECT_THROW(again(), IoError);
    EXPECT_EQ(read_file(shard), bad);
    std::filesystem::remove(renamed);
  }
}

}  // namespace
}  // namespace helmholtz
