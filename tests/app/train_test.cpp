// `helmholtz train` as its users see it: the notebook's numbers, JSON lines, machines that are
// saved and resumed, signals, failing outputs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "helmholtz/machine_file.hpp"
#include "helmholtz/sweep.hpp"
#include "support/json.hpp"
#include "support/process.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

/// The program's JSON lines; fails the test unless it ended well.
std::vector<Json> json_lines(const std::vector<std::string>& arguments,
                             const std::filesystem::path& folder) {
  const auto result = run_program(arguments, folder);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<Json> values;
  for (const auto& line : lines_of(result.out)) values.push_back(Json::parse(line));
  return values;
}

std::vector<Json> json_lines(const std::vector<std::string>& arguments) {
  const TemporaryDirectory folder;
  return json_lines(arguments, folder.path());
}

Json golden_run() {
  std::ifstream file(HELMHOLTZ_TEST_DATA "/notebook_numpy.jsonl");
  std::string line;
  std::getline(file, line);
  return Json::parse(line);
}

TEST(Train, PrintsTheNotebooksNumbers) {
  const auto golden = golden_run();
  const auto result = run_program(
      {"train", "--backend", "reference", "--rng", "numpy", "--seed", "42", "--samples", "10000"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 11U);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::istringstream row(lines[i]);
    std::uint64_t step = 0;
    double exact = 0;
    double sampled = 0;
    std::uint64_t unseen = 0;
    ASSERT_TRUE(row >> step >> exact >> sampled >> unseen) << lines[i];
    EXPECT_EQ(step, 5000 * i);
    EXPECT_NEAR(exact, std::stod(golden["exact"][i - 1].get<std::string>()), 1e-9);
    EXPECT_NEAR(sampled, std::stod(golden["hist"][i - 1].get<std::string>()), 1e-9);
  }
}

TEST(Train, JsonHasAllDigits) {
  const auto golden = golden_run();
  const auto lines = json_lines({"train", "--backend", "reference", "--rng", "numpy", "--seed",
                                 "42", "--samples", "10000", "--json"});
  ASSERT_EQ(lines.size(), 11U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(lines[i]["step"], 5000 * (i + 1));
    EXPECT_EQ(lines[i].size(), 4U);
    EXPECT_NEAR(lines[i]["kl_exact"].get<double>(),
                std::stod(golden["exact"][i].get<std::string>()), 1e-9);
    EXPECT_NEAR(lines[i]["kl_sampled"].get<double>(),
                std::stod(golden["hist"][i].get<std::string>()), 1e-9);
    EXPECT_EQ(lines[i]["unseen"], 0);
  }
  const auto& done = lines.back();
  EXPECT_EQ(done["done"], true);
  EXPECT_EQ(done["backend"], "reference");
  EXPECT_EQ(done["seed"], 42);
  EXPECT_EQ(done["steps"], 50000);
  EXPECT_GT(done["machine_steps_per_second"].get<double>(), 0);
  EXPECT_EQ(done["parameters_xxh3"].get<std::string>().size(), 16U);
  EXPECT_FALSE(done.contains("stopped"));
}

TEST(Train, JsonSaysWhatIsInfiniteAndWhatWasNotComputed) {
  const auto one_sample = json_lines({"train", "--steps", "0", "--samples", "1", "--json"});
  ASSERT_EQ(one_sample.size(), 2U);
  EXPECT_EQ(one_sample[0]["step"], 0);
  EXPECT_TRUE(one_sample[0]["kl_sampled"].is_null());
  EXPECT_EQ(one_sample[0]["infinite"], true);
  EXPECT_GE(one_sample[0]["unseen"], 11);

  const auto no_sample = json_lines({"train", "--steps", "1", "--json"});
  EXPECT_TRUE(no_sample[0]["kl_exact"].is_number());
  EXPECT_TRUE(no_sample[0]["kl_sampled"].is_null());
  EXPECT_TRUE(no_sample[0]["unseen"].is_null());
  EXPECT_FALSE(no_sample[0].contains("infinite"));
}

TEST(Train, HintsAtSamplesOnceWhereTheExactKlCannotBeHad) {
  const auto result = run_program({"train", "--layers", "30,30,9", "--steps", "2"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(lines_of(result.out).size(), 3U);
  EXPECT_EQ(lines_of(result.err).size(), 2U) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--samples 10000"));
  EXPECT_EQ(run_program({"train", "--layers", "30,30,9", "--steps", "2", "--quiet"}).err, "");
}

TEST(Train, SaysWhenAMachineDiverges) {
  const auto lines = json_lines({"train", "--lr", "1e38", "--steps", "100", "--json"});
  EXPECT_EQ(lines[9]["diverged"], true);
  EXPECT_TRUE(lines[9]["kl_exact"].is_null());
}

class TrainFrom : public ::testing::TestWithParam<const char*> {};

TEST_P(TrainFrom, GoesOnFromAFileAsIfUninterrupted) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "w.txt") << "1100|0.3\n0011|0.1\n1010|0.7\n";
  const std::vector<std::string> machine = {"train",        "--json",
                                            "--layers",     "2,3,4",
                                            "--world",      "file:w.txt",
                                            "--lr",         "0.03",
                                            "--batch",      "3",
                                            "--mean",       "--nonnegative",
                                            "--init",       "normal:1",
                                            "--schedule",   "inverse:0.01",
                                            "--seed",       "123456789012345",
                                            "--optimizer",  GetParam(),
                                            "--eval-every", "100",
                                            "--samples",    "50"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), machine.begin(), machine.end());
    return json_lines(more, folder.path());
  };
  const auto whole = with({"--steps", "700", "--save", "whole.h5"});
  const auto first = with({"--steps", "230", "--save", "half.h5"});
  // A pattern file may be gone by then; the machine file has the patterns.
  std::filesystem::remove(folder.path() / "w.txt");
  const auto second = json_lines({"train", "--json", "--from", "half.h5", "--steps", "470",
                                  "--eval-every", "100", "--samples", "50", "--save", "half.h5"},
                                 folder.path());
  EXPECT_EQ(second.back()["steps"], 470);
  EXPECT_EQ(second.back()["parameters_xxh3"], whole.back()["parameters_xxh3"]);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(second[i], whole[i + 2]);
  EXPECT_EQ(first[2]["step"], 230);
  EXPECT_EQ(read_file(folder.path() / "half.h5"), read_file(folder.path() / "whole.h5"));
}

INSTANTIATE_TEST_SUITE_P(Optimizers, TrainFrom,
                         ::testing::Values("sgd", "momentum:0.9", "adam:0.9,0.99,1e-6"),
                         [](const auto& test) {
                           const std::string text = test.param;
                           return text.substr(0, text.find(':'));
                         });

TEST(Train, TakesFlagsThatRepeatWhatTheSavedMachineIs) {
  const TemporaryDirectory folder;
  json_lines({"train", "--json", "--steps", "10", "--seed", "7", "--save", "m.h5"}, folder.path());
  const auto result = run_program({"train", "--from", "m.h5", "--layers", "1,6,9", "--lr", "0.05",
                                   "--world", "kirby3x3", "--seed", "7", "--steps", "10"},
                                  folder.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

// An earlier version may have saved one.
TEST(Train, BeginsWithNoRateThatIsZeroInFloat32ButResumesOne) {
  const TemporaryDirectory folder;
  const auto refused = run_program({"train", "--lr", "1e-46", "--save", "m.h5"}, folder.path());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, Refuses("--lr", "1e-46"));
  EXPECT_EQ(run_program({"train", "--lr", "0", "--steps", "5"}).exit_code, 0);
  SweepSpec spec;
  spec.rates = {1e-46};
  const std::vector<std::uint64_t> seeds = {7};
  save_machine(folder.path() / "old.h5",
               {.ensemble = spec.ensemble(spec.configuration(0), seeds),
                .step = 3,
                .parameters = std::vector<float>(spec.topologies[0].parameters())});
  const auto resumed = run_program({"train", "--from", "old.h5", "--steps", "5"}, folder.path());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

TEST(Train, ReadsAConfigFileAndTheCommandLineWins) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "c.toml")
      << "layers = [1, 5, 9]  # a comment\nsteps = 100\nseed = 4\n"
         "lr = 0.5\n[train]\nmean = true\nseed = 3\n"
         "[worlds]\nquiet = true\n";
  const auto config =
      json_lines({"train", "--json", "--config", "c.toml", "--lr", "0.25"}, folder.path());
  const auto flags = json_lines({"train", "--json", "--layers", "1,5,9", "--steps", "100", "--mean",
                                 "--seed", "3", "--lr", "0.25"});
  EXPECT_EQ(config.size(), 11U);
  EXPECT_EQ(config.back()["parameters_xxh3"], flags.back()["parameters_xxh3"]);
}

class TrainSignal : public ::testing::TestWithParam<int> {};

TEST_P(TrainSignal, StopsCleanlyAndSaves) {
  const TemporaryDirectory folder;
  Process process({"train", "--json", "--steps", "1000000000000", "--eval-every", "1000",
                   "--backend", "reference", "--save", "stopped.h5"},
                  folder.path(), {});
  while (process.out_so_far().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  process.send(GetParam());
  const auto result = process.wait();
  EXPECT_EQ(result.exit_code, 75);
  EXPECT_EQ(result.err, "");
  const auto done = Json::parse(lines_of(result.out).back());
  EXPECT_EQ(done["done"], true);
  EXPECT_EQ(done["stopped"], true);

  // What was saved is what an uninterrupted machine has after as many steps.
  const auto steps = std::to_string(done["steps"].get<std::uint64_t>());
  const auto again = json_lines({"train", "--json", "--steps", steps});
  EXPECT_EQ(again.back()["parameters_xxh3"], done["parameters_xxh3"]);
  const auto loaded =
      json_lines({"train", "--json", "--from", "stopped.h5", "--steps", "0"}, folder.path());
  EXPECT_EQ(loaded.back()["parameters_xxh3"], done["parameters_xxh3"]);
}

INSTANTIATE_TEST_SUITE_P(Interrupts, TrainSignal, ::testing::Values(SIGINT, SIGTERM));

TEST(Train, ASignalStopsALongEvaluation) {
  for (const std::string rng : {"philox", "numpy"}) {
    const TemporaryDirectory folder;
    Process process({"train", "--backend", "reference", "--rng", rng, "--steps", "1", "--samples",
                     "1000000000"},
                    folder.path(), {});
    while (process.out_so_far().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto sent = std::chrono::steady_clock::now();
    process.send(SIGINT);
    const auto result = process.wait();
    EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(5)) << rng;
    EXPECT_EQ(result.exit_code, 75) << rng;
    EXPECT_EQ(lines_of(result.out).size(), 1U) << "an evaluation beside the header";
    EXPECT_THAT(result.err, HasSubstr("stopped at step 1: 1 step in")) << rng;
  }
}

TEST(Train, ReportsAFullDisk) {
  const TemporaryDirectory folder;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"train", "--steps", "10"}, {"worlds"}, {"backends"}, {"--help"}}) {
    const auto result = run_program(arguments, folder.path(), {.stdout_path = "/dev/full"});
    EXPECT_EQ(result.exit_code, 74);
    EXPECT_EQ(result.err, "helmholtz: standard output: No space left on device\n");
  }
}

TEST(Train, LeavesNothingWhereAFileMayNotGrow) {
  const TemporaryDirectory folder;
  const auto result =
      run_program({"train", "--steps", "10", "--save", "m.h5"}, folder.path(), {.file_size = 2048});
  EXPECT_EQ(result.exit_code, 74);
  EXPECT_THAT(result.err, HasSubstr("m.h5: File too large"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Train, QuietSaysNothingOnStderr) {
  const auto result = run_program({"train", "--steps", "10", "--quiet"});
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(lines_of(result.out).size(), 11U);
}

}  // namespace
}  // namespace helmholtz::testing
