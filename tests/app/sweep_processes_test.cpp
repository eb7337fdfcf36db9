// Sweeps of several processes, stopped ones, and ones whose disk is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A sweep of several shards, quick to train.
Arguments many_shards(const Arguments& more) {
  Arguments arguments = {"sweep",        "--seeds", "0:1500", "--steps", "1000",
                         "--eval-every", "1",       "--json", "--out"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(SweepCommand, PartsOfSeveralProcessesMakeOneSweep) {
  const TemporaryDirectory folder;
  ASSERT_EQ(run_program(many_shards({"alone"}), folder.path()).exit_code, 0);
  {
    Process first(many_shards({"run", "--shard", "0/3"}), folder.path(), {});
    Process last(many_shards({"run", "--shard", "2/3", "--backend", "reference"}), folder.path(),
                 {});
    EXPECT_EQ(first.wait().exit_code, 0);
    EXPECT_EQ(last.wait().exit_code, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "run" / "summary.csv"));
  const auto status = run_program({"status", "run", "--json"}, folder.path());
  EXPECT_EQ(Json::parse(status.out)["finished"], false);
  ASSERT_EQ(setenv("SLURM_ARRAY_TASK_ID", "11", 1), 0);
  setenv("SLURM_ARRAY_TASK_MIN", "10", 1);
  setenv("SLURM_ARRAY_TASK_COUNT", "3", 1);
  const auto slurm = run_program(many_shards({"run"}), folder.path());
  for (const auto* name : {"ID", "MIN", "COUNT"}) {
    unsetenv((std::string("SLURM_ARRAY_TASK_") + name).c_str());
  }
  EXPECT_EQ(slurm.exit_code, 0) << slurm.err;
  EXPECT_EQ(files_in(folder.path() / "run" / "shards"),
            files_in(folder.path() / "alone" / "shards"));
  EXPECT_EQ(read_file(folder.path() / "run" / "summary.csv"),
            read_file(folder.path() / "alone" / "summary.csv"));
  const auto bad = run_program(many_shards({"run", "--shard", "3/3"}), folder.path());
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, Refuses("--shard", "3/3"));
}

/// A sweep that takes longer than any test.
Arguments long_sweep(const Arguments& more) {
  Arguments arguments = {"sweep", "--seeds", "0:1000000", "--steps", "1000000", "--out", "run"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// Until a log says that a process has started: from then on it stops at a signal.
void wait_for_start(const std::filesystem::path& log, const Process& process) {
  const auto started = R"("started","process":)" + std::to_string(process.id()) + ",";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (read_file(log).find(started) == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(SweepCommand, ASecondWriterIsRefusedWithTheFirst) {
  const TemporaryDirectory folder;
  Process first(long_sweep({"--shard", "0/2"}), folder.path(), {});
  wait_for_start(folder.path() / "run" / "log.jsonl", first);
  const auto second = run_program(long_sweep({}), folder.path());
  EXPECT_EQ(second.exit_code, 73);
  EXPECT_THAT(second.err, AllOf(NamesFile("run"), HasSubstr(std::to_string(first.id()))));
  const auto status = run_program({"status", "run", "--json"}, folder.path());
  EXPECT_EQ(Json::parse(status.out)["writers"][0]["process"], first.id());
  Process other_half(long_sweep({"--shard", "1/2"}), folder.path(), {});
  first.send(SIGKILL);
  EXPECT_EQ(first.wait().exit_code, -1);
  Process third(long_sweep({"--shard", "0/2"}), folder.path(), {});  // nothing is left behind
  wait_for_start(folder.path() / "run" / "log.jsonl", third);
  third.send(SIGTERM);
  EXPECT_EQ(third.wait().exit_code, 75);
}

TEST(SweepCommand, AWriterSRateIsThatOfItsShardsSinceItStarted) {
  const TemporaryDirectory folder;
  const auto log = folder.path() / "run" / "log.jsonl";
  const Process writer(long_sweep({}), folder.path(), {});
  wait_for_start(log, writer);
  const auto append = [&](const char* event, int process, double seconds) {
    std::ofstream(log, std::ios::app) << Json{{"event", event},
                                              {"process", process},
                                              {"host", "here"},
                                              {"machines", 50},
                                              {"seconds", seconds}}
                                      << '\n';
  };
  const auto rate = [&] {
    const auto status = run_program({"status", "run", "--json"}, folder.path());
    return Json::parse(status.out)["writers"][0]["machine_steps_per_second"];
  };
  append("shard", 1, 0.01);  // of another process
  EXPECT_TRUE(rate().is_null());
  append("shard", writer.id(), 2);
  EXPECT_EQ(rate(), 25e6);
  append("started", writer.id(), 0);
  EXPECT_TRUE(rate().is_null());
}

TEST(SweepCommand, ALostRankIsBackOnceItWritesAShard) {
  const TemporaryDirectory folder;
  const auto log = folder.path() / "run" / "log.jsonl";
  const Process writer(long_sweep({}), folder.path(), {});
  wait_for_start(log, writer);
  const auto ranks_after = [&](const char* event, int process) {
    std::ofstream(log, std::ios::app) << Json{{"event", event},
                                              {"process", process},
                                              {"host", "there"},
                                              {"rank", 2},
                                              {"dealer", writer.id()}}
                                      << '\n';
    const auto status = run_program({"status", "run", "--json"}, folder.path());
    return Json::parse(status.out)["writers"][0]["ranks"].size();
  };
  constexpr int kRank = 1;
  EXPECT_EQ(ranks_after("joined", kRank), 1U);
  EXPECT_EQ(ranks_after("lost", writer.id()), 0U);
  EXPECT_EQ(ranks_after("shard", kRank), 1U);
  EXPECT_EQ(ranks_after("left", kRank), 0U);
}

TEST(SweepCommand, ATaskOutsideItsArrayIsRefused) {
  struct Task {
    const char *id, *first, *step, *count;
  };
  const TemporaryDirectory folder;
  for (const auto& [id, first, step, count] : std::vector<Task>{{"13", "10", "1", "3"},
                                                                {"9", "10", "1", "3"},
                                                                {"11", "10", "2", "3"},
                                                                {"16", "10", "2", "3"},
                                                                {"10", "10", "1", "0"},
                                                                {"10", "10", "0", "3"}}) {
    Process::Options options;
    options.environment = {std::string("SLURM_ARRAY_TASK_ID=") + id,
                           std::string("SLURM_ARRAY_TASK_MIN=") + first,
                           std::string("SLURM_ARRAY_TASK_STEP=") + step,
                           std::string("SLURM_ARRAY_TASK_COUNT=") + count};
    const auto ran = run_program(many_shards({"run"}), folder.path(), options);
    EXPECT_EQ(ran.exit_code, 2) << id;
    EXPECT_THAT(ran.err, Refuses("SLURM_ARRAY_TASK_ID", id));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  }
}

TEST(SweepCommand, SignalsStopItSoon) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) {
    const TemporaryDirectory folder;
    Process process(long_sweep({}), folder.path(), {});
    wait_for_start(folder.path() / "run" / "log.jsonl", process);
    const auto sent = std::chrono::steady_clock::now();
    process.send(signal);
    const auto ran = process.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(5));
    EXPECT_EQ(ran.exit_code, 75);
    EXPECT_THAT(ran.err, HasSubstr("0 of 1,000,000 machines"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "run" / "shards"));
  }
}

TEST(SweepCommand, AHangUpThatWasIgnoredStaysIgnored) {
  const TemporaryDirectory folder;
  std::signal(SIGHUP, SIG_IGN);  // as nohup does; the program inherits it
  Process process(long_sweep({}), folder.path(), {});
  std::signal(SIGHUP, SIG_DFL);
  wait_for_start(folder.path() / "run" / "log.jsonl", process);
  for (int i = 0; i < 3; ++i) process.send(SIGHUP);
  process.send(SIGTERM);  // the first signal that counts
  EXPECT_EQ(process.wait().exit_code, 75);
}

TEST(SweepCommand, ARepeatedCpuLimitDoesNotKillIt) {
  const TemporaryDirectory folder;
  Process process({"sweep", "--steps", "1", "--samples", "1000000000", "--out", "run"},
                  folder.path(), {});
  wait_for_start(folder.path() / "run" / "log.jsonl", process);
  for (int i = 0; i < 3; ++i) {
    process.send(SIGXCPU);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // equal pending signals merge
  }
  EXPECT_EQ(process.wait().exit_code, 75);
}

TEST(SweepCommand, ASignalStopsALongEvaluation) {
  const TemporaryDirectory folder;
  Process process({"sweep", "--steps", "1", "--samples", "1000000000", "--out", "run"},
                  folder.path(), {});
  wait_for_start(folder.path() / "run" / "log.jsonl", process);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto sent = std::chrono::steady_clock::now();
  process.send(SIGINT);
  EXPECT_EQ(process.wait().exit_code, 75);
  EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(5));
}

TEST(SweepCommand, TheThirdSignalKillsIt) {
  const TemporaryDirectory folder;
  Process process(long_sweep({}), folder.path(), {});
  wait_for_start(folder.path() / "run" / "log.jsonl", process);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) process.send(signal);
  const auto ran = process.wait();
  EXPECT_EQ(ran.exit_code, -1);
  EXPECT_THAT(ran.err, HasSubstr("stopping"));
}

TEST(SweepCommand, AFullDiskIsAnIoError) {
  const TemporaryDirectory folder;
  Process::Options options;
  options.stdout_path = "/dev/full";
  const auto ran = run_program(small_sweep({"--out", "run"}), folder.path(), options);
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_EQ(exported(folder, "run").size(), 1U + 32);
}

TEST(SweepCommand, AFileThatMayNotGrowKeepsCompleteShards) {
  const TemporaryDirectory folder;
  const auto ran = run_program(many_shards({"run"}), folder.path(), {.file_size = 300'000});
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, NamesFile("run/shards/00000000.h5"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "run" / "shards"));
  EXPECT_EQ(run_program(many_shards({"run"}), folder.path()).exit_code, 0);
}

}  // namespace
}  // namespace helmholtz::testing
