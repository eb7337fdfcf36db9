// The sweep command: what it writes, that its config.toml gives the same results again, and that it
// stops cleanly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

/// A quick sweep of four configurations, with `more` flags.
Arguments small_sweep(const Arguments& more) {
  Arguments arguments = {"sweep", "--layers",     "1,6,9",   "--layers",  "2,3,9",
                         "--lr",  "0.05,1e38",    "--seeds", "5,0:3",     "--steps",
                         "20",    "--eval-every", "10",      "--samples", "30"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

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
  EXPECT_THAT(ran.out, HasSubstr("results: run/results.csv"));
  const auto lines = lines_of(read_file(folder.path() / "run" / "results.csv"));
  ASSERT_EQ(lines.size(), 1U + 4 * 4 * 2);
  const auto columns = fields_of(lines[0]);
  ASSERT_EQ(columns.size(), 10U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto fields = fields_of(lines[i]);
    const auto machine = (i - 1) / 2;
    ASSERT_EQ(fields.size(), columns.size()) << lines[i];
    EXPECT_EQ(fields[0], std::to_string(machine));
    EXPECT_EQ(fields[1], (Arguments{"5", "0", "1", "2"}[machine / 4]));
    EXPECT_EQ(fields[2], machine % 4 < 2 ? "1,6,9" : "2,3,9");
    EXPECT_EQ(fields[9], machine % 2 == 0 ? "ok" : "diverged");
  }
  EXPECT_EQ(lines_of(read_file(folder.path() / "run" / "summary.csv")).size(), 1U + 4 * 2);
}

TEST(SweepCommand, RunsAgainFromItsConfiguration) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "world.txt") << "110110110\n001001001 | 2\n";
  const Arguments more = {"--world", "file:world.txt", "--schedule", "inverse:0.01",
                          "--init",  "normal:0.1",     "--init",     "zero",
                          "--mean",  "--batch",        "2,3",        "--lr-recognition",
                          "0.03",    "--nonnegative",  "--out",      "first/run"};
  ASSERT_EQ(run_program(small_sweep(more), folder.path()).exit_code, 0);
  std::filesystem::create_directory(folder.path() / "elsewhere");
  const auto again = run_program({"sweep", "--config", "../first/run/config.toml", "--out", "run"},
                                 folder.path() / "elsewhere");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  for (const auto* file : {"results.csv", "summary.csv", "config.toml"}) {
    const auto first = read_file(folder.path() / "first" / "run" / file);
    EXPECT_GT(first.size(), 100U);
    EXPECT_EQ(read_file(folder.path() / "elsewhere" / "run" / file), first) << file;
  }
}

TEST(SweepCommand, JsonEndsWithOneDoneLine) {
  const TemporaryDirectory folder;
  const auto ran = run_program(small_sweep({"--out", "run", "--json", "--quiet"}), folder.path());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  nlohmann::json last;
  for (const auto& line : lines_of(ran.out)) last = nlohmann::json::parse(line);
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
  const auto plan = nlohmann::json::parse(ran.out);
  EXPECT_EQ(plan["machines"], 1'000'000);
  EXPECT_EQ(plan["evaluations"], 10);
  EXPECT_GT(plan["disk_bytes"].get<double>(), 1e8);
  EXPECT_GT(plan["memory_bytes"].get<double>(), 8e7);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SweepCommand, RefusesADirectoryWithFiles) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "note.txt") << "mine\n";
  const auto before = std::filesystem::last_write_time(folder.path());
  for (const auto* out : {".", "note.txt", "note.txt/run", "/proc/run"}) {
    const auto ran = run_program(small_sweep({"--out", out}), folder.path());
    EXPECT_EQ(ran.exit_code, 73) << out;
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(out));
    EXPECT_EQ(ran.out, "");
  }
  EXPECT_EQ(std::filesystem::last_write_time(folder.path()), before);
}

struct BadSweep {
  Arguments flags;
  std::string message;
};

TEST(SweepCommand, RefusesBadFlagsInOneLine) {
  const std::vector<BadSweep> bad = {
      {{"--seeds", "5:5"}, "--seeds: got \"5:5\""},
      {{"--seeds", "18446744073709551616"}, "--seeds: got \"18446744073709551616\""},
      {{"--seeds=-1"}, "--seeds: got \"-1\""},
      {{"--seeds", "0:1099511627777"}, "--seeds: "},
      {{"--seeds", "0:1099511627776"}, "--seeds: "},
      {{"--world", "kirby3x4"}, "did you mean kirby3x3"},
      {{"--backend", "cpu-fusd"}, "did you mean cpu-fused"},
      {{"--sedes", "0:4"}, "did you mean --seeds"},
      {{"--layers", "1,6,8"}, "--layers: got \"1,6,8\""},
      {{"--lr", "0.1,nan"}, "--lr: got \"nan\""},
      {{"--steps=-5"}, "--steps: got \"-5\""},
      {{"--steps", "1000000000001"}, "--steps: got"},
      {{"--samples=-1"}, "--samples: got \"-1\""},
      {{"--samples", "1000000001"}, "--samples: got"},
      {{"--eval-every", "0"}, "--eval-every: got \"0\""},
      {{"--layers", "10,11,9"}, "--samples: got \"0\""},
      {{"--threads", "100000"}, "--threads: got"},
  };
  const TemporaryDirectory folder;
  for (const auto& row : bad) {
    Arguments arguments = {"sweep", "--out", "run"};
    arguments.insert(arguments.end(), row.flags.begin(), row.flags.end());
    const auto ran = run_program(arguments, folder.path());
    EXPECT_EQ(ran.exit_code, 2) << row.flags[0];
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(row.message));
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << row.flags[0];
  }
  const auto without_out = run_program({"sweep", "--steps", "5"}, folder.path());
  EXPECT_EQ(without_out.exit_code, 2);
  EXPECT_THAT(without_out.err, HasSubstr("--out"));
}

TEST(SweepCommand, AFullDiskIsAnIoError) {
  const TemporaryDirectory folder;
  Process::Options options;
  options.stdout_path = "/dev/full";
  const auto ran = run_program(small_sweep({"--out", "run"}), folder.path(), options);
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_EQ(lines_of(read_file(folder.path() / "run" / "results.csv")).size(), 1U + 32);
}

TEST(SweepCommand, AFileThatMayNotGrowKeepsCompleteLines) {
  const TemporaryDirectory folder;
  const auto ran = run_program({"sweep", "--seeds", "0:10000", "--steps", "1", "--out", "run"},
                               folder.path(), {.file_size = 300'000});
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, HasSubstr("run/results.csv: File too large"));
  EXPECT_EQ(lines_of(read_file(folder.path() / "run" / "results.csv")).size(), 1U + 4096);
}

TEST(SweepCommand, SigintLeavesCompleteLines) {
  const TemporaryDirectory folder;
  Process process({"sweep", "--backend", "reference", "--seeds", "0:100000", "--steps", "10",
                   "--eval-every", "10", "--out", "run"},
                  folder.path(), {});
  const auto results = folder.path() / "run" / "results.csv";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (lines_of(read_file(results)).size() < 1000 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.send(SIGINT);
  const auto ran = process.wait();
  EXPECT_EQ(ran.exit_code, 75);
  EXPECT_THAT(ran.err, StartsWith("helmholtz: stopped; "));
  const auto text = read_file(results);
  const auto lines = lines_of(text);
  EXPECT_EQ(text.back(), '\n');
  ASSERT_GE(lines.size(), 1000U);
  EXPECT_LT(lines.size(), 100'001U);
  EXPECT_EQ((lines.size() - 1) % 4096, 0U);
  EXPECT_THAT(lines.back(), StartsWith(std::to_string(lines.size() - 2) + ","));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "run" / "summary.csv"));
}

}  // namespace
}  // namespace helmholtz::testing
