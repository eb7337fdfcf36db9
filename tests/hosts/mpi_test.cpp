// Sweeps that mpirun starts. Without MPI these tests are skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/json.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kRanks = 4;

/// Shards of 16 machines, some hundredths of a second each.
Arguments a_sweep(const std::string& seeds, const std::string& out) {
  return {"sweep", "--layers",          "60,300,9", "--steps",      "20", "--init",
          "zero",  "--save-parameters", "all",      "--eval-every", "10", "--samples",
          "4",     "--seeds",           seeds,      "--out",        out,  "--json"};
}

class Mpi : public ::testing::Test {
 protected:
  void SetUp() override {
    if (*HELMHOLTZ_MPIRUN == '\0') GTEST_SKIP() << "built without MPI";
  }

  static Process::Options with_ranks() {
    Process::Options options;
    options.launcher = {HELMHOLTZ_MPIRUN, "-n", std::to_string(kRanks)};
    // More ranks than cores, and as root in a container.
    options.environment = {"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                           "OMPI_MCA_rmaps_base_oversubscribe=1"};
    return options;
  }

  void expect_as_alone(const std::string& seeds) {
    ASSERT_EQ(run_program(a_sweep(seeds, "alone"), folder_.path()).exit_code, 0);
    const auto alone = folder_.path() / "alone";
    EXPECT_EQ(files_in(run_ / "shards"), files_in(alone / "shards"));
    EXPECT_EQ(read_file(run_ / "summary.csv"), read_file(alone / "summary.csv"));
  }

  /// What the log says; a line that is being written is left out.
  [[nodiscard]] std::vector<Json> events() const {
    std::vector<Json> all;
    std::istringstream log(read_file(run_ / "log.jsonl"));
    for (std::string line; std::getline(log, line);) {
      auto event = Json::parse(line, nullptr, false);
      if (event.is_object()) all.push_back(std::move(event));
    }
    return all;
  }

  /// The process of a rank other than 0, once it has joined and any shard is there.
  [[nodiscard]] std::optional<pid_t> rank_at_work(int rank) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < deadline) {
      std::optional<pid_t> process;
      bool has_shard = false;
      for (const auto& event : events()) {
        if (event["event"] == "joined" && event["rank"] == rank) process = event["process"];
        has_shard = has_shard || event["event"] == "shard";
      }
      if (process && has_shard) return process;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return std::nullopt;
  }

  TemporaryDirectory folder_;
  std::filesystem::path run_ = folder_.path() / "run";
};

TEST_F(Mpi, RanksMakeTheFilesOfOneProcess) {
  const auto ran = run_program(a_sweep("0:400", "run"), folder_.path(), with_ranks());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto summary = Json::parse(ran.out);  // of one rank
  EXPECT_EQ(summary["ranks"], kRanks);
  EXPECT_EQ(summary["trained"], 400);
  expect_as_alone("0:400");
}

#ifdef HELMHOLTZ_HOST_DEVICE
TEST_F(Mpi, EachLocalRankTakesADeviceOfItsOwn) {
  auto options = with_ranks();
  options.environment.insert(options.environment.end(),
                             {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE,
                              "HELMHOLTZ_HOST_DEVICES=" + std::to_string(kRanks)});
  const auto ran = run_program(small_sweep({"--backend", "cuda-fused", "--out", "run"}),
                               folder_.path(), options);
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::map<int, Json> devices;  // rank 0 joins nobody
  for (const auto& event : events()) {
    if (event["event"] == "joined") devices[event["rank"]] = event["devices"];
  }
  EXPECT_EQ(devices, (std::map<int, Json>{{1, {1}}, {2, {2}}, {3, {3}}}));
}
#endif

TEST_F(Mpi, AKilledRankCostsItsShardAndTheSameCommandResumes) {
  const auto sweep = a_sweep("0:800", "run");
  {
    Process job(sweep, folder_.path(), with_ranks());
    const auto rank = rank_at_work(2);
    ASSERT_TRUE(rank);
    const auto status = run_program({"status", "run", "--json"}, folder_.path());
    EXPECT_EQ(Json::parse(status.out)["writers"][0]["ranks"].size(), kRanks - 1U);
    kill(*rank, SIGKILL);
    EXPECT_NE(job.wait().exit_code, 0);  // mpirun ends the others
  }
  const auto resumed = run_program(sweep, folder_.path(), with_ranks());
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_LT(Json::parse(resumed.out)["trained"], 800);
  expect_as_alone("0:800");
}

TEST_F(Mpi, ASignalToARankStopsAllOfThem) {
  Process job(a_sweep("0:100000", "run"), folder_.path(), with_ranks());
  const auto rank = rank_at_work(1);
  ASSERT_TRUE(rank);
  kill(*rank, SIGTERM);
  const auto ran = job.wait();
  EXPECT_EQ(ran.exit_code, 75) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("the same command resumes it"));
}

TEST_F(Mpi, PartsNeedNone) {
  auto options = with_ranks();
  options.environment.emplace_back("HELMHOLTZ_MPI_PLUGIN=/nonexistent/plugin.so");
  auto sweep = a_sweep("0:64", "run");
  EXPECT_EQ(run_program(sweep, folder_.path(), options).exit_code, 69);
  sweep.insert(sweep.end(), {"--shard", "auto"});
  EXPECT_EQ(run_program(sweep, folder_.path(), options).exit_code, 0);
  EXPECT_EQ(files_in(run_ / "shards").size(), 4U);
}

TEST_F(Mpi, ARankWithoutItsLauncherSaysSo) {
  Process::Options options;
  options.environment = {"OMPI_COMM_WORLD_SIZE=4"};
  const auto ran = run_program(a_sweep("0:64", "run"), folder_.path(), options);
  EXPECT_EQ(ran.exit_code, 69);
  EXPECT_THAT(ran.err, HasSubstr("4 ranks were started"));
  EXPECT_THAT(ran.err, HasSubstr("--shard auto"));
}

}  // namespace
}  // namespace helmholtz::testing
