// The commands that read a run: status, verify, export.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "run/export.hpp"
#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/run_commands.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(RunCommands, StatusCountsAndChangesNothing) {
  const auto status = Json::parse(run({"status", "run", "--json"}).out);
  EXPECT_EQ(status["machines"], 12);
  EXPECT_EQ(status["machines_done"], 12);
  EXPECT_EQ(status["finished"], true);
  EXPECT_EQ(status["writers"].size(), 0U);
  EXPECT_EQ(run({"status", "run"}).out, "run: 12 of 12 machines in 1 of 1 shard, finished\n");
  flip(30);
  EXPECT_THAT(run({"status", "run"}).out, HasSubstr("run/shards/00000000.h5: bad"));
  EXPECT_EQ(Json::parse(run({"status", "run", "--json"}).out)["finished"], false);
  EXPECT_TRUE(std::filesystem::exists(shard_));
}

TEST_F(RunCommands, VerifyNamesTheBadAndPutsThemAsideIfAsked) {
  EXPECT_EQ(run({"verify", "run"}).out, "1 shard good, 0 bad, 0 missing\n");
  flip(std::filesystem::file_size(shard_) - 100);
  const auto bad = run({"verify", "run"});
  EXPECT_EQ(bad.exit_code, 65);
  EXPECT_THAT(bad.out, StartsWith("run/shards/00000000.h5: is damaged"));
  EXPECT_TRUE(std::filesystem::exists(shard_));
  EXPECT_EQ(run({"verify", "run", "--quarantine"}).exit_code, 65);
  EXPECT_FALSE(std::filesystem::exists(shard_));
  EXPECT_TRUE(std::filesystem::exists(shard_.string() + ".bad-1"));
  EXPECT_EQ(run({"verify", "run"}).out, "0 shards good, 0 bad, 1 missing\n");
  EXPECT_EQ(run({"sweep", "--config", "run/config.toml", "--out", "run"}).exit_code, 0);
  EXPECT_EQ(run({"verify", "run"}).exit_code, 0);
}

// What cannot be renamed hides neither the other findings nor what is renamed.
TEST_F(RunCommands, VerifyReportsEverythingWhereAShardCannotBeRenamed) {
  const auto sweep = small_sweep({"--out", "many", "--quiet"});
  auto empty_part = sweep;
  empty_part.insert(empty_part.end(), {"--shard", "1/2"});
  ASSERT_EQ(run(empty_part).exit_code, 0);
  set_shard_machines(folder_.path() / "many", 4);
  ASSERT_EQ(run(sweep).exit_code, 0);
  const auto shards = folder_.path() / "many" / "shards";
  for (const auto* name : {"00000000.h5", "00000000.h5.bad-1", "00000002.h5"}) {
    std::ofstream(shards / name) << "?";
  }
  std::filesystem::remove(shards / "00000003.h5");
  const auto verified = run({"verify", "many", "--quarantine", "--json"});
  EXPECT_EQ(verified.exit_code, 74);
  EXPECT_THAT(verified.err, HasSubstr("many/shards/00000000.h5"));
  const auto lines = lines_of(verified.out);
  ASSERT_EQ(lines.size(), 3U) << verified.out;
  EXPECT_EQ(Json::parse(lines[0])["shard"], 0);
  EXPECT_EQ(Json::parse(lines[0])["renamed_to"], nullptr);
  EXPECT_EQ(Json::parse(lines[1])["shard"], 2);
  EXPECT_EQ(Json::parse(lines[1])["renamed_to"], "00000002.h5.bad-1");
  const auto done = Json::parse(lines[2]);
  EXPECT_EQ(done["good"], 1);
  EXPECT_EQ(done["bad"], 2);
  EXPECT_EQ(done["missing"], 1);
  EXPECT_TRUE(std::filesystem::exists(shards / "00000000.h5"));
  std::filesystem::remove(folder_.path() / "many" / "lock");
  std::filesystem::create_directory(folder_.path() / "many" / "lock");
  const auto unlocked = run({"verify", "many", "--quarantine"});
  EXPECT_EQ(unlocked.exit_code, 73);
  EXPECT_THAT(unlocked.err, NamesFile("many/lock"));
  EXPECT_EQ(lines_of(unlocked.out).back(), "1 shard good, 1 bad, 2 missing");
}

TEST_F(RunCommands, VerifyPrintsAProblemOnOneLine) {
  std::filesystem::rename(folder_.path() / "run", folder_.path() / "two\nlines");
  std::ofstream(folder_.path() / "two\nlines" / "shards" / "00000000.h5") << "?";
  const auto verified = run({"verify", "two\nlines"});
  EXPECT_EQ(verified.exit_code, 65);
  EXPECT_EQ(lines_of(verified.out).size(), 2U) << verified.out;
}

/// The system's error for a link to itself holds for every user: neither missing nor readable.
TEST_F(RunCommands, WhatCannotBeReadIsNotMissing) {
  std::filesystem::create_symlink("loop", folder_.path() / "loop");
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"status", "loop"},
                                             {"export", "loop"},
                                             {"sweep", "--out", "loop"},
                                             {"sweep", "--out", "loop", "--resume"},
                                             {"train", "--config", "loop"},
                                             {"train", "--world", "file:loop"},
                                             {"train", "--from", "loop"}}) {
    const auto ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 74) << arguments[0] << ' ' << arguments[1] << ran.err;
    EXPECT_THAT(ran.err, StartsWith("helmholtz: loop"));
    EXPECT_EQ(ran.out, "");
  }
  std::filesystem::remove(folder_.path() / "run" / "lock");
  std::filesystem::create_symlink("lock", folder_.path() / "run" / "lock");
  const auto ran = run({"status", "run"});
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, NamesFile("run/lock"));
}

TEST_F(RunCommands, VerifyCountsAShardThatMoreSeedsLengthenAsMissing) {
  // A part without shards: the sweep is extended, and nothing is trained.
  ASSERT_EQ(run({"sweep", "--config", "run/config.toml", "--seeds", "0:5", "--shard", "1/2",
                 "--out", "run"})
                .exit_code,
            0);
  const auto verified = run({"verify", "run"});
  EXPECT_EQ(verified.exit_code, 0);
  EXPECT_EQ(verified.out, "0 shards good, 0 bad, 1 missing\n");
}

TEST_F(RunCommands, ExportWritesEveryKindOfNumber) {
  const auto csv = run({"export", "run"}).out;
  EXPECT_THAT(csv, StartsWith(CsvExport::columns(SweepSpec()) + "\n0,0,\"1,6,9\",0.05,1,10,"));
  EXPECT_THAT(csv, HasSubstr(",inf,"));
  EXPECT_THAT(csv, HasSubstr("1,0,\"1,6,9\",1e+38,1,20,,,,diverged,1,constant,zero\n"));
  EXPECT_EQ(run({"export", "run", "--out", "a.csv"}).out, "");
  EXPECT_EQ(read_file(folder_.path() / "a.csv"), csv);
  EXPECT_EQ(run({"export", "run", "--format", "xml"}).exit_code, 2);
  EXPECT_EQ(run({"export", "run", "--out", "/proc/a.csv"}).exit_code, 73);
  EXPECT_EQ(run({"export", "run", "--out", "run"}).exit_code, 73);
}

TEST_F(RunCommands, ExportWritesAnNpyArray) {
  const auto npy = run({"export", "run", "--format", "npy"}).out;
  EXPECT_EQ(npy.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header =
      10U + static_cast<unsigned char>(npy[8]) + 256U * static_cast<unsigned char>(npy[9]);
  EXPECT_EQ(header % 64, 0U);
  EXPECT_THAT(npy.substr(0, header), HasSubstr("'shape': (24,)"));
  EXPECT_EQ(npy.size(), header + 24 * 49);
}

TEST_F(RunCommands, StatusNeedsNeitherLockNorAGoodLog) {
  std::filesystem::remove(folder_.path() / "run" / "lock");
  EXPECT_EQ(run({"status", "run"}).exit_code, 0);
  std::ofstream(folder_.path() / "run" / "lock");
  std::ofstream(folder_.path() / "run" / "log.jsonl") << R"({"process": "a", "event": 3})" << '\n';
  EXPECT_EQ(run({"status", "run"}).exit_code, 0);
}

TEST_F(RunCommands, VerifyNotesFilesThatAreNoShards) {
  for (const auto* name : {"00000001.h5", "note", "00000000.h5.bad-1", ".00000000.h5.tmp",
                           ".00000000.h5.123-0.tmp", ".00000001.h5.123-0.tmp", ".note.tmp"}) {
    std::ofstream(shard_.parent_path() / name) << "?";
  }
  const auto verified = run({"verify", "run"});
  EXPECT_EQ(verified.exit_code, 0);
  EXPECT_EQ(verified.out,
            "run/shards/.00000001.h5.123-0.tmp: not of this sweep; ignored\n"
            "run/shards/.note.tmp: not of this sweep; ignored\n"
            "run/shards/00000001.h5: not of this sweep; ignored\n"
            "run/shards/note: not of this sweep; ignored\n"
            "1 shard good, 0 bad, 0 missing, 4 unknown\n");
  EXPECT_EQ(Json::parse(run({"verify", "run", "--json"}).out)["unknown"].size(), 4U);
  std::filesystem::remove(shard_);
  std::filesystem::create_directory(shard_);
  const auto folder = run({"verify", "run"});
  EXPECT_EQ(folder.exit_code, 65);
  EXPECT_THAT(folder.out, StartsWith("run/shards/00000000.h5: is no regular file\n"));
}

TEST_F(RunCommands, AStrayWorldIsNotTheirs) {
  std::ofstream(folder_.path() / "run" / "world.txt") << "1010\n0101\n";
  EXPECT_EQ(run({"status", "run"}).exit_code, 0);
}

TEST_F(RunCommands, RefuseEmptyNames) {
  const std::vector<std::vector<std::string>> lines = {
      {"export", "run", "--out", ""},     {"report", "run", "--out", ""},
      {"report", "run", "--compare", ""}, {"report", "run", "--success-below", ""},
      {"replay", "run", "--machine", ""}, {"replay", "run", "--machine=0", "--save", ""},
      {"reproduce", "bars", "--out", ""}};
  for (const auto& line : lines) {
    const auto ran = run(line);
    EXPECT_EQ(ran.exit_code, 2) << line[0];
    EXPECT_THAT(ran.err, HasSubstr(": got \"\"; allowed: ")) << line[0];
    EXPECT_EQ(ran.out, "");
  }
  for (const auto* command : {"status", "verify", "export", "report"}) {
    EXPECT_THAT(run({command, ""}).err, Refuses("DIR", "")) << command;
  }
}

TEST_F(RunCommands, RefuseWhatIsNoRun) {
  for (const auto* command : {"status", "verify", "export"}) {
    EXPECT_EQ(run({command, "."}).exit_code, 66) << command;
    EXPECT_EQ(run({command}).exit_code, 2) << command;
  }
  const auto config = folder_.path() / "run" / "config.toml";
  const auto text = read_file(config);
  std::ofstream(config) << text << "nonsense = 3\n";
  EXPECT_EQ(run({"status", "run"}).exit_code, 65);
  auto other = text;
  other.replace(other.find("steps = 20"), 10, "steps = 30");
  std::ofstream(config) << other;
  EXPECT_EQ(run({"status", "run"}).exit_code, 65);
  std::ofstream(config) << text;
  EXPECT_EQ(run({"status", "run"}).exit_code, 0);
  std::ofstream(folder_.path() / "run" / "manifest.json") << "{\"schema\": 1}";
  EXPECT_EQ(run({"status", "run"}).exit_code, 65);
}

}  // namespace
}  // namespace helmholtz::testing
