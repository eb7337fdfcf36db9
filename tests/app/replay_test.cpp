// helmholtz replay: one machine of a run again, compared with its shard.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "helmholtz/machine_file.hpp"
#include "helmholtz/run_directory.hpp"
#include "run/shard_files.hpp"
#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/run_commands.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(RunCommands, ReplayGivesTheSameBits) {
  const auto ran = run({"replay", "run", "--machine", "6", "--trace", "--json", "--save", "m.h5"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("{\"step\":10,"));
  EXPECT_THAT(ran.out, HasSubstr("\"machine\":6,\"seed\":1,"));
  const auto done = Json::parse(lines_of(ran.out).back());
  EXPECT_EQ(done["evaluations_compared"], 2);
  EXPECT_EQ(done["parameters_compared"], true);
  const auto saved = load_machine(folder_.path() / "m.h5");
  EXPECT_EQ(saved.step, 20U);
  EXPECT_EQ(saved.ensemble.topology.to_string(), "2,3,9");
  EXPECT_EQ(run({"replay", "run", "--machine", "1"}).exit_code, 0);  // diverged
  std::filesystem::remove(shard_);
  const auto alone =
      Json::parse(lines_of(run({"replay", "run", "--machine", "6", "--json"}).out).back());
  EXPECT_EQ(alone["evaluations_compared"], 0);
  EXPECT_EQ(alone["parameters_compared"], false);
  EXPECT_EQ(alone["parameters_xxh3"], done["parameters_xxh3"]);
  EXPECT_EQ(run({"replay", "run", "--machine", "12"}).exit_code, 2);
}

TEST_F(RunCommands, ReplayClaimsNothingThatItDidNotCompare) {
  ASSERT_EQ(run({"sweep", "--seeds", "0:2", "--steps", "20", "--eval-every", "5", "--out", "kl",
                 "--quiet"})
                .exit_code,
            0);
  const auto ran = run({"replay", "kl", "--machine", "1", "--json"});
  const auto done = Json::parse(lines_of(ran.out).back());
  EXPECT_EQ(done["evaluations_compared"], 4);
  EXPECT_EQ(done["parameters_compared"], false);
  EXPECT_THAT(run({"replay", "kl", "--machine", "1"}).err,
              HasSubstr("parameters " + done["parameters_xxh3"].get<std::string>()));
}

TEST_F(RunCommands, ReplayFindsAShardWithOtherResults) {
  const SweepSpec spec{.world = make_world("kirby3x3"),
                       .topologies = {Topology({1, 6, 9}), Topology({2, 3, 9})},
                       .rates = {0.05, 1e38},
                       .seeds = SeedSet::parse("0:3"),
                       .steps = 20,
                       .eval_every = 10,
                       .samples = 300,
                       .save_parameters = SaveParameters::parse("all")};
  const ShardFiles files(folder_.path() / "run", spec);
  const auto good = files.read(0);
  const auto replayed = [&](const std::function<void(Shard&)>& change) {
    auto other = good;
    change(other);
    files.write(other);
    const auto ran = run({"replay", "run", "--machine", "6"});
    EXPECT_EQ(ran.exit_code, 65);
    return ran.err;
  };
  const std::size_t last = 6 * 2 + 1;
  for (const auto& change : std::vector<std::function<void(Shard&)>>{
           [](Shard& shard) { shard.column("kl_exact")[last] += 1e-12; },
           [](Shard& shard) { shard.column("kl_sampled")[last] = 0.5; },
           [](Shard& shard) { shard.column("unseen")[last] += 1; }}) {
    EXPECT_THAT(replayed(change),
                AllOf(NamesFile("run/shards/00000000.h5"), HasSubstr("machine 6 at step 20")));
  }
  const auto before = 4 * spec.topologies[0].parameters() + 2 * spec.topologies[1].parameters();
  EXPECT_THAT(
      replayed([&](Shard& shard) { shard.parameters[before] += 1; }),
      AllOf(NamesFile("run/shards/00000000.h5"), HasSubstr("parameters"), HasSubstr("machine 6")));
}

// Earlier versions recorded what rounding made of 0; today's machine has the clamped value.
TEST_F(RunCommands, ReplayNamesAKlThatIsEqualUpToTheClamp) {
  std::ofstream(folder_.path() / "coin") << "0\n1\n";
  const Arguments sweep = {"sweep", "--world", "file:coin", "--layers", "1,1",   "--seeds",
                           "0:1",   "--steps", "0",         "--out",    "coins", "--quiet"};
  ASSERT_EQ(run(sweep).exit_code, 0);
  const ShardFiles files(folder_.path() / "coins", open_run(folder_.path() / "coins").spec());
  auto shard = files.read(0);
  ASSERT_EQ(shard.column("kl_exact")[0], 0);
  const Arguments replay = {"replay", "coins", "--machine", "0", "--json"};
  EXPECT_EQ(Json::parse(lines_of(run(replay).out).back())["kl_clamped"], 0);
  shard.column("kl_exact")[0] = -1e-16;
  files.write(shard);
  const auto done = Json::parse(lines_of(run(replay).out).back());
  EXPECT_EQ(done["evaluations_compared"], 1);
  EXPECT_EQ(done["kl_clamped"], 1);
  EXPECT_THAT(run({"replay", "coins", "--machine", "0"}).err, HasSubstr("1 KL below 0"));
  shard.column("kl_exact")[0] = 1e-16;
  files.write(shard);
  EXPECT_EQ(run(replay).exit_code, 65);
}

TEST(Replay, StopsAtASignal) {
  const TemporaryDirectory folder;
  // A part without shards: the directory is made, and nothing is trained.
  ASSERT_EQ(run_program({"sweep", "--seeds", "0:1", "--steps", "1000000000000", "--shard", "1/2",
                         "--out", "run"},
                        folder.path())
                .exit_code,
            0);
  Process replay({"replay", "run", "--machine", "0"}, folder.path(), {});
  while (replay.out_so_far().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  replay.send(SIGTERM);
  EXPECT_EQ(replay.wait().exit_code, 75);
}

}  // namespace
}  // namespace helmholtz::testing
