// Sweeps that are killed, and whose disk fails: what is there is whole, and the same command ends
// with the same bytes as if nothing had happened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/json.hpp"
#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using Files = std::map<std::string, std::string>;

constexpr int kShards = 7;  // of 100 seeds

/// Shards of 16 machines and 2.7 MB, a few hundredths of a second each.
Arguments a_sweep(const std::string& seeds) {
  return {
      "sweep", "--layers",     "60,300,9", "--save-parameters", "all", "--steps", "2",   "--init",
      "zero",  "--eval-every", "1",        "--samples",         "4",   "--seeds", seeds, "--out",
      "run",   "--json"};
}

/// The visible files of a folder by name; a sweep's temporary ones begin with a dot.
Files visible_files(const std::filesystem::path& folder) {
  Files files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name.front() != '.') files[name] = read_file(entry.path());
  }
  return files;
}

/// What must be the same after any interruption: all but the log.
Files results(const std::filesystem::path& run) {
  auto files = visible_files(run);
  files.erase("log.jsonl");
  files.merge(visible_files(run / "shards"));
  return files;
}

/// Everything visible is as in the uninterrupted run; nothing is half there.
void expect_part_of(const Files& found, const Files& whole, const std::string& when) {
  for (const auto& [name, bytes] : found) {
    const auto same = whole.find(name);
    ASSERT_NE(same, whole.end()) << name << " " << when;
    EXPECT_TRUE(bytes == same->second) << name << " " << when;
  }
}

/// Shards as the log names them, one entry each time that one was written.
std::vector<int> written_shards(const std::filesystem::path& run) {
  std::vector<int> shards;
  std::istringstream log(read_file(run / "log.jsonl"));
  for (std::string line; std::getline(log, line);) {
    const auto event = Json::parse(line, nullptr, false);
    if (event.is_object() && event["event"] == "shard") shards.push_back(event["shard"]);
  }
  return shards;
}

int count_shards(const std::filesystem::path& run) {
  const auto all = visible_files(run / "shards");
  return static_cast<int>(all.size());
}

/// Waits until a sweep has one shard more than before, or all.
void wait_for_a_shard(const std::filesystem::path& run, int before) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (count_shards(run) < std::min(before + 1, kShards)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "no shard was written";
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

int kills_wanted() {
  const char* text = std::getenv("HELMHOLTZ_KILLS");
  return text == nullptr ? 50 : std::atoi(text);
}

/// Every other kill falls at any moment of an undisturbed sweep, the others soon after a shard of
/// the killed process was there.
TEST(Killed, AtAnyMomentASweepGoesOnWithWholeShards) {
  const TemporaryDirectory folder;
  const auto run = folder.path() / "run";
  auto sweep = a_sweep("0:100");
  sweep.insert(sweep.end(), {"--backend", "reference"});  // shards are trained one by one
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run_program(sweep, folder.path()).exit_code, 0);
  const std::chrono::duration<double> whole_time = std::chrono::steady_clock::now() - start;
  const auto whole = results(run);
  ASSERT_EQ(whole.size(), kShards + 4U);  // shards; config, manifest, lock, summary
  std::filesystem::remove_all(run);

  std::mt19937 random(20'260'101);
  std::uniform_real_distribution<double> any(0, 1);
  int kills = 0;
  int kills_after_a_shard = 0;  // of the process that was killed
  int sweeps = 0;
  for (int n = 0; kills < kills_wanted(); ++n) {
    const int before = count_shards(run);
    Process process(sweep, folder.path(), {});
    const bool after_a_shard = n % 2 == 1;
    if (after_a_shard) {
      ASSERT_NO_FATAL_FAILURE(wait_for_a_shard(run, before));
    }
    std::this_thread::sleep_for(whole_time * any(random) / (after_a_shard ? kShards : 1));
    process.send(SIGKILL);
    const bool finished = process.wait().exit_code == 0;
    kills += finished ? 0 : 1;
    kills_after_a_shard += !finished && count_shards(run) > before ? 1 : 0;
    ASSERT_NO_FATAL_FAILURE(expect_part_of(results(run), whole, "after a kill"));
    if (!finished) continue;
    // A shard that was there was never trained again.
    const auto written = written_shards(run);
    EXPECT_EQ(std::set<int>(written.begin(), written.end()).size(), written.size());
    EXPECT_EQ(results(run).size(), whole.size());
    std::filesystem::remove_all(run);
    ++sweeps;
  }
  EXPECT_EQ(run_program(sweep, folder.path()).exit_code, 0);
  EXPECT_TRUE(results(run) == whole);
  EXPECT_GE(kills_after_a_shard, kills / 4);
  EXPECT_GT(sweeps, 0);
  std::printf("%d kills, %d after a shard was written, %d sweeps that finished between\n", kills,
              kills_after_a_shard, sweeps + 1);
}

/// The program with the k-th operation on the run's files failing.
Finished with_fault(const Arguments& arguments, const std::filesystem::path& folder, int k,
                    int error) {
  Process::Options options;
  options.environment = {"LD_PRELOAD=" HELMHOLTZ_FAULTS,
                         "HELMHOLTZ_FAULT=" + std::to_string(k) + ":" + std::to_string(error),
                         "HELMHOLTZ_FAULT_FOLDER=" + (folder / "run").filename().string()};
  return run_program(arguments, folder, options);
}

class Faults : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer wants to be preloaded first";
#endif
  }
  TemporaryDirectory folder_;
  std::filesystem::path run_ = folder_.path() / "run";
};

/// A file's bytes reach the disk, then it gets its name, then that reaches the disk.
void expect_synced_before_it_is_named(const std::vector<std::string>& operations,
                                      const std::string& name) {
  auto next = operations.begin();
  for (const auto& [operation, path] :
       {std::pair{"fsync", "/." + name + ".tmp"}, {"rename", "/" + name}, {"fsync", ""}}) {
    next = std::find_if(
        next, operations.end(), [&, &operation = operation, &path = path](const std::string& line) {
          return line.starts_with(std::string("fault: ") + operation) && line.ends_with(path);
        });
    ASSERT_NE(next, operations.end()) << operation << ' ' << name;
    ++next;
  }
}

TEST_P(Faults, EachIsToldAndTheSweepGoesOn) {
  ASSERT_EQ(run_program(a_sweep("0:20"), folder_.path()).exit_code, 0);
  const auto whole = results(run_);
  std::vector<std::string> operations;
  int k = 1;
  for (bool failed = true; failed; ++k) {
    std::filesystem::remove_all(run_);
    const auto ran = with_fault(a_sweep("0:20"), folder_.path(), k, GetParam());
    const auto when = "fault " + std::to_string(k) + ", " + ran.err;
    failed = ran.err.find("fault: ") != std::string::npos;
    EXPECT_EQ(ran.exit_code, failed ? 74 : 0) << when;
    if (failed) {
      EXPECT_THAT(ran.err, HasSubstr(GetParam() == EIO ? "Input/output error" : "No space left"));
      EXPECT_THAT(ran.err, HasSubstr("\nhelmholtz: run"));  // a path
      operations.push_back(ran.err.substr(0, ran.err.find('\n')));
    }
    ASSERT_NO_FATAL_FAILURE(expect_part_of(results(run_), whole, when));
    EXPECT_EQ(run_program(a_sweep("0:20"), folder_.path()).exit_code, 0) << when;
    EXPECT_TRUE(results(run_) == whole) << when;
  }
  EXPECT_GT(k, 40);
  for (const auto* name : {"config.toml", "manifest.json", "00000000.h5", "summary.csv"}) {
    expect_synced_before_it_is_named(operations, name);
  }
  std::printf("%d operations, each failed once\n", k - 2);
}

TEST_P(Faults, OfASavedMachineLeaveTheOldOne) {
  const Arguments train = {"train", "--steps", "10", "--save", "run.h5", "--quiet"};
  ASSERT_EQ(run_program({"train", "--steps", "5", "--save", "run.h5"}, folder_.path()).exit_code,
            0);
  const auto old = visible_files(folder_.path());
  int k = 1;
  for (bool failed = true; failed; ++k) {
    const auto ran = with_fault(train, folder_.path(), k, GetParam());
    failed = ran.err.find("fault: ") != std::string::npos;
    EXPECT_EQ(ran.exit_code != 0, failed) << ran.err;
    if (failed && ran.err.find("fsync " + folder_.path().string() + "\n") == std::string::npos) {
      EXPECT_TRUE(visible_files(folder_.path()) == old) << ran.err;
    }
  }
  EXPECT_GT(k, 5);
  EXPECT_FALSE(visible_files(folder_.path()) == old);
}

INSTANTIATE_TEST_SUITE_P(Disk, Faults, ::testing::Values(ENOSPC, EIO),
                         [](const auto& test) { return test.param == EIO ? "EIO" : "ENOSPC"; });

TEST(Folders, AreKnownToTheDiskUpToTheFirstThatWasThere) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer wants to be preloaded first";
#endif
  const TemporaryDirectory folder;
  const auto there = folder.path() / "run";
  std::set<std::string> synced;
  for (int k = 1; k <= 8; ++k) {
    std::filesystem::remove_all(there);
    std::filesystem::create_directory(there);
    Process::Options options;
    options.environment = {"LD_PRELOAD=" HELMHOLTZ_FAULTS,
                           "HELMHOLTZ_FAULT=" + std::to_string(k) + ":" + std::to_string(EIO),
                           "HELMHOLTZ_FAULT_FOLDER=/run"};
    auto arguments = a_sweep("0:20");
    *(std::find(arguments.begin(), arguments.end(), "--out") + 1) = (there / "a" / "b").string();
    const auto ran = run_program(arguments, folder.path(), options);
    EXPECT_EQ(ran.exit_code, 74) << ran.err;
    synced.insert(ran.err.substr(0, ran.err.find('\n')));
  }
  EXPECT_TRUE(synced.contains("fault: fsync " + there.string()));
  EXPECT_TRUE(synced.contains("fault: fsync " + (there / "a").string()));
}

TEST(AbsurdRates, AreFlaggedAndTheRestIsUnharmed) {
  const TemporaryDirectory folder;
  std::string rates = "1e38";  // a tenth of the configurations
  for (int i = 1; i < 10; ++i) rates += ",0.0" + std::to_string(i);
  const auto ran = run_program(
      {"sweep", "--lr", rates, "--seeds", "0:100", "--steps", "200", "--out", "run", "--json"},
      folder.path());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out)["diverged"], 100);
  const auto csv = run_program({"export", "run"}, folder.path()).out;
  std::istringstream lines(csv);
  int diverged = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool absurd = line.find(",1e+38,") != std::string::npos;
    const bool flagged = line.find(",diverged,") != std::string::npos;
    const bool is_last = line.find(",200,") != std::string::npos;
    EXPECT_TRUE(!is_last || absurd == flagged) << line;
    diverged += flagged ? 1 : 0;
  }
  EXPECT_GE(diverged, 100);
}

}  // namespace
}  // namespace helmholtz::testing
