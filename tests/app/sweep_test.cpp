// The sweep command: what it writes, and that its config.toml gives the same results again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "run/config.hpp"
#include "run/manifest.hpp"
#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The fields of a line of CSV; quotes enclose commas.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

TEST(SweepCommand, WritesALineForEachMachineAndEvaluation) {
  const TemporaryDirectory folder;
  const auto ran = run_program(small_sweep({"--out", "run"}), folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, HasSubstr("8 diverged"));
  EXPECT_THAT(ran.out, HasSubstr("best machine: seed "));
  EXPECT_THAT(ran.out, HasSubstr("results: run\n"));
  const auto lines = exported(folder, "run");
  ASSERT_EQ(lines.size(), 1U + 4 * 4 * 2);
  const auto columns = fields_of(lines[0]);
  ASSERT_EQ(columns.size(), 13U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = fields_of(lines[i]);
    const auto machine = (i - 1) / 2;
    ASSERT_EQ(fields.size(), columns.size()) << lines[i];
    EXPECT_EQ(fields[0], std::to_string(machine));
    EXPECT_EQ(fields[1], (Arguments{"5", "0", "1", "2"}[machine / 4]));
    EXPECT_EQ(fields[2], machine % 4 < 2 ? "1,6,9" : "2,3,9");
    EXPECT_EQ(fields[9], machine % 2 == 0 ? "ok" : "diverged");
    EXPECT_EQ(fields[10], std::to_string(machine % 4));
  }
  EXPECT_EQ(lines_of(read_file(folder.path() / "run" / "summary.csv")).size(), 1U + 4 * 2);
}

TEST(SweepCommand, RunsAgainFromItsConfiguration) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "a world, #1.txt") << "110110110\n001001001 | 2\n";
  const Arguments more = {"--world",    "file:a world, #1.txt",
                          "--schedule", "inverse:0.01",
                          "--init",     "normal:0.1",
                          "--init",     "zero",
                          "--mean",     "--batch",
                          "2,3",        "--lr-recognition",
                          "0.03",       "--nonnegative",
                          "--out",      "first/run"};
  ASSERT_EQ(run_program(small_sweep(more), folder.path()).exit_code, 0);
  std::filesystem::create_directory(folder.path() / "elsewhere");
  const auto again = run_program({"sweep", "--config", "../first/run/config.toml", "--out", "run"},
                                 folder.path() / "elsewhere");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  for (const auto* file : {"shards/00000000.h5", "summary.csv", "config.toml", "world.txt"}) {
    const auto first = read_file(folder.path() / "first" / "run" / file);
    EXPECT_GT(first.size(), 30U);
    EXPECT_EQ(read_file(folder.path() / "elsewhere" / "run" / file), first) << file;
  }
}

TEST(SweepCommand, JsonEndsWithOneDoneLine) {
  const TemporaryDirectory folder;
  const auto ran = run_program(small_sweep({"--out", "run", "--json", "--quiet"}), folder.path());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  Json last;
  for (const auto& line : lines_of(ran.out)) last = Json::parse(line);
  EXPECT_EQ(last["done"], true);
  EXPECT_EQ(last["machines"], 16);
  EXPECT_EQ(last["diverged"], 8);
  EXPECT_GT(last["seconds"].get<double>(), 0);
  EXPECT_GT(last["machine_steps_per_second"].get<double>(), 0);
}

TEST(SweepCommand, DryRunWritesNothing) {
  const TemporaryDirectory folder;
  const auto ran = run_program(
      {"sweep", "--seeds", "0:1000000", "--dry-run", "--out", "run", "--json"}, folder.path());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto plan = Json::parse(ran.out);
  EXPECT_EQ(plan["machines"], 1'000'000);
  EXPECT_EQ(plan["evaluations"], 10);
  EXPECT_GT(plan["disk_bytes"].get<double>(), 1e8);
  EXPECT_GT(plan["memory_bytes"].get<double>(), 8e7);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// A directory keeps the shard size that it was made with.
TEST(SweepCommand, PlansWithTheShardSizeOfItsDirectory) {
  const TemporaryDirectory folder;
  ASSERT_EQ(run_program(small_sweep({"--out", "run", "--shard", "1/2"}), folder.path()).exit_code,
            0);
  set_shard_machines(folder.path() / "run", 5);
  const auto plan = run_program(
      small_sweep({"--out", "run", "--shard", "1/2", "--dry-run", "--json"}), folder.path());
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  const auto json = Json::parse(plan.out);
  EXPECT_EQ(json["shards"], 4);
  EXPECT_EQ(json["part"]["shards"], Json({2, 4}));
  EXPECT_EQ(json["part"]["machines"], 6);
  EXPECT_THAT(run_program(small_sweep({"--out", "run", "--dry-run"}), folder.path()).out,
              HasSubstr("in 4 shards of 5 machines"));
  EXPECT_THAT(run_program(small_sweep({"--out", "other", "--dry-run"}), folder.path()).out,
              HasSubstr("in 1 shard of 16 machines"));
  const auto last = run_program(small_sweep({"--out", "run", "--json"}), folder.path(),
                                {.environment = {"SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN=0",
                                                 "SLURM_ARRAY_TASK_COUNT=4"}});
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(Json::parse(last.out)["trained"], 1);
  const auto another =
      run_program(small_sweep({"--out", "run", "--dry-run", "--nonnegative"}), folder.path());
  EXPECT_EQ(another.exit_code, 73);
  EXPECT_THAT(another.err, NamesFile("run"));
}

struct EqualSettings {
  Arguments rates;
  std::string refused;
};

// Earlier versions made directories with settings that are equal in the arithmetic.
TEST(SweepCommand, ResumesEqualSettingsButStartsNone) {
  const TemporaryDirectory folder;
  for (const auto& [rates, refused] : std::vector<EqualSettings>{
           {{"0.3", "0.30000000000000004"}, "0.30000000000000004"}, {{"1e-46"}, "1e-46"}}) {
    const auto old = "old-" + refused;
    const auto spec = parse_spec({{"lr", rates}, {"steps", {"20"}}, {"seeds", {"0:3"}}});
    std::filesystem::create_directories(folder.path() / old / "shards");
    std::ofstream(folder.path() / old / "config.toml") << config_text(spec);
    std::ofstream(folder.path() / old / "manifest.json") << manifest_text(spec);
    const Arguments arguments = {"sweep", "--config", old + "/config.toml", "--json", "--out"};
    auto resumed = arguments;
    resumed.push_back(old);
    const auto ran = run_program(resumed, folder.path());
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(Json::parse(ran.out)["trained"], 3 * rates.size());
    auto started = arguments;
    started.emplace_back("new");
    const auto refusal = run_program(started, folder.path());
    EXPECT_EQ(refusal.exit_code, 2);
    EXPECT_THAT(refusal.err, Refuses("--lr", refused));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "new"));
  }
}

TEST(SweepCommand, RefusesADirectoryWithFiles) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "note.txt") << "mine\n";
  std::ofstream(folder.path() / "log.jsonl") << "mine\n";
  const auto before = std::filesystem::last_write_time(folder.path());
  for (const auto* out : {".", "note.txt", "note.txt/run", "/proc/run"}) {
    const auto ran = run_program(small_sweep({"--out", out}), folder.path());
    EXPECT_EQ(ran.exit_code, 73) << out;
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_THAT(ran.err, StartsWith("helmholtz: " + std::string(out)));
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_EQ(std::filesystem::last_write_time(folder.path()), before);
}

struct BadSweep {
  Arguments flags;
  ::testing::Matcher<const std::string&> err;
};

TEST(SweepCommand, RefusesBadFlagsInOneLine) {
  const std::vector<BadSweep> bad = {
      {{"--seeds", "5:5"}, Refuses("--seeds", "5:5")},
      {{"--seeds", "18446744073709551616"}, Refuses("--seeds", "18446744073709551616")},
      {{"--seeds=-1"}, Refuses("--seeds", "-1")},
      {{"--seeds", "0:1099511627777"}, Refuses("--seeds", "0:1099511627777")},
      {{"--seeds", "0:1099511627776"}, Refuses("--seeds", "0:1099511627776")},
      {{"--world", "kirby3x4"}, AllOf(Refuses("--world", "kirby3x4"), HasSubstr("kirby3x3?"))},
      {{"--backend", "cpu-fusd"}, AllOf(Refuses("--backend", "cpu-fusd"), HasSubstr("cpu-fused?"))},
      {{"--sedes", "0:4"}, AllOf(HasSubstr("--sedes"), HasSubstr("--seeds"))},
      {{"--layers", "1,6,8"}, Refuses("--layers", "1,6,8")},
      {{"--lr", "0.1,nan"}, Refuses("--lr", "nan")},
      {{"--lr", "1e-46"}, Refuses("--lr", "1e-46")},
      {{"--lr-generative", "1e-46"}, Refuses("--lr-generative", "1e-46")},
      {{"--lr-recognition", "1e-300"}, Refuses("--lr-recognition", "1e-300")},
      {{"--lr-layer", "0.1,1e-46,0.1"}, Refuses("--lr-layer", "1e-46")},
      {{"--init", "normal:1e-50"}, Refuses("--init", "normal:1e-50")},
      {{"--init", "visible-bias:1e-46"}, Refuses("--init", "zero+visible-bias:1e-46")},
      {{"--steps=-5"}, Refuses("--steps", "-5")},
      {{"--steps", "1000000000001"}, Refuses("--steps", "1000000000001")},
      {{"--samples=-1"}, Refuses("--samples", "-1")},
      {{"--samples", "1000000001"}, Refuses("--samples", "1000000001")},
      {{"--eval-every", "0"}, Refuses("--eval-every", "0")},
      {{"--layers", "10,11,9"}, Refuses("--samples", "0")},
      {{"--threads", "100000"}, Refuses("--threads", "100000")},
      {{"--seeds", "-1:4"}, Refuses("--seeds", "-1:4")},
      {{"--seeds", "1", "--seeds", "2"}, StartsWith("helmholtz: --seeds: ")},
      {{"--seeds", "--json"}, AllOf(StartsWith("helmholtz: --seeds: "), HasSubstr("--json"))},
      {{"--seeds=", "--lr=0.1"}, AllOf(StartsWith("helmholtz: --seeds: "), HasSubstr("--lr"))},
      {{"--lr", "{}"}, Refuses("--lr", "{}")},
      {{"--lr", "[0.1,0.2]"}, Refuses("--lr", "[0.1")},
      {{"--", "--lr", "0.1"}, HasSubstr("--lr")},
      {{"--success-below", ""}, Refuses("--success-below", "")},
      {{"--shard", "0/1000001"}, Refuses("--shard", "0/1000001")},
  };
  const TemporaryDirectory folder;
  for (const auto& row : bad) {
    Arguments arguments = {"sweep", "--out", "run"};
    arguments.insert(arguments.end(), row.flags.begin(), row.flags.end());
    const auto ran = run_program(arguments, folder.path());
    EXPECT_EQ(ran.exit_code, 2) << row.flags[0];
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_THAT(ran.err, row.err);
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << row.flags[0];
  }
  for (const auto* shard : {"", "0", "/", "0/", "/2", "0/0", "1/1", "2/1", "-1/2", "+0/2", "0/2/3",
                            "0 /2", "0x0/2", "a/b", "0/99999999999999999999"}) {
    const auto ran = run_program({"sweep", "--out", "run", "--shard", shard}, folder.path());
    EXPECT_EQ(ran.exit_code, 2) << shard;
    EXPECT_THAT(ran.err, Refuses("--shard", shard));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << shard;
  }
  const auto without_out = run_program({"sweep", "--steps", "5"}, folder.path());
  EXPECT_EQ(without_out.exit_code, 2);
  EXPECT_THAT(without_out.err, Refuses("--out", ""));
}

TEST(SweepCommand, GoesOnAndIsExtended) {
  const TemporaryDirectory folder;
  ASSERT_EQ(run_program(small_sweep({"--out", "run"}), folder.path()).exit_code, 0);
  const auto shards = files_in(folder.path() / "run" / "shards");
  const auto again = run_program(small_sweep({"--out", "run", "--resume"}), folder.path());
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("16 of 16 machines are there already"));
  EXPECT_THAT(again.out, HasSubstr("trained before"));
  EXPECT_EQ(files_in(folder.path() / "run" / "shards"), shards);
  const auto other = run_program(small_sweep({"--out", "run", "--nonnegative"}), folder.path());
  EXPECT_EQ(other.exit_code, 73);
  EXPECT_THAT(other.err, AllOf(NamesFile("run"), HasSubstr("nonnegative: false there, true now")));
  // The first machines stay what they were.
  const auto before = exported(folder, "run");
  const auto more = run_program(
      {"sweep", "--config", "run/config.toml", "--seeds", "5,0:3,9:12", "--out", "run", "--json"},
      folder.path());
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_EQ(Json::parse(more.out)["machines"], 28);
  const auto after = exported(folder, "run");
  ASSERT_EQ(after.size(), 1U + 28 * 2);
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
  EXPECT_EQ(run_program(small_sweep({"--out", "new", "--resume"}), folder.path()).exit_code, 66);
}

TEST(SweepCommand, RunsAgainWithoutThePatternFile) {
  const TemporaryDirectory folder;
  const auto patterns = folder.path() / "patterns.txt";
  std::ofstream(patterns) << "110110110\n001001001 | 2\n";
  ASSERT_EQ(
      run_program(small_sweep({"--world", "file:patterns.txt", "--out", "run"}), folder.path())
          .exit_code,
      0);
  std::filesystem::remove(patterns);
  const Arguments again = {"sweep", "--config", "run/config.toml", "--out", "again"};
  const auto ran = run_program(again, folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(files_in(folder.path() / "again" / "shards"),
            files_in(folder.path() / "run" / "shards"));
  std::ofstream(folder.path() / "run" / "world.txt") << "110110110\n";  // another world
  const auto other = run_program(again, folder.path());
  EXPECT_NE(other.exit_code, 0);
  EXPECT_THAT(other.err, HasSubstr("patterns.txt"));
}

TEST(SweepCommand, LeavesAConfigurationOfTheUsersAlone) {
  const TemporaryDirectory folder;
  std::filesystem::create_directory(folder.path() / "exp");
  const auto config = folder.path() / "exp" / "config.toml";
  std::ofstream(config) << "steps = 20  # mine\n";
  const auto ran =
      run_program({"sweep", "--config", "exp/config.toml", "--out", "exp"}, folder.path());
  EXPECT_EQ(ran.exit_code, 73);
  EXPECT_THAT(ran.err, NamesFile("exp/config.toml"));
  EXPECT_EQ(files_in(folder.path() / "exp").size(), 1U);
  EXPECT_EQ(read_file(config), "steps = 20  # mine\n");
}

}  // namespace
}  // namespace helmholtz::testing
