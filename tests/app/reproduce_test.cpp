#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/data_files.hpp"
#include "support/json.hpp"
#include "support/process.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReproduceCommand, RunsTheSweepsAndSetsTheResultBesideThePublishedOne) {
  const TemporaryDirectory folder;
  const std::vector<std::string> arguments = {"reproduce", "notebook", "--seeds", "40:44",
                                              "--out",     "n",        "--quiet"};
  const auto ran = run_program(arguments, folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("published: 0.219 nats"));
  EXPECT_THAT(ran.out, HasSubstr("of 4 machines reach 0.219 nats"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "n" / "notebook" / "summary.csv"));

  auto again = arguments;
  again.emplace_back("--json");
  const auto json = Json::parse(run_program(again, folder.path()).out);
  EXPECT_EQ(json["machines"], 4);
  EXPECT_EQ(json["unit"], "nats");
  EXPECT_GT(json["best"].get<double>(), 0.15);
  EXPECT_LE(json["best"].get<double>(), json["median"].get<double>());
}

TEST(ReproduceCommand, AnnouncesWhatItTrains) {
  const TemporaryDirectory folder;
  const auto ran = run_program({"reproduce", "notebook", "--seeds", "40:42", "--backend",
                                "cpu-fused", "--out", "n", "--json"},
                               folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("--seeds 40:42"));
  EXPECT_THAT(ran.err, HasSubstr("--backend cpu-fused"));
  EXPECT_THAT(ran.err, Not(HasSubstr("0:100000")));
}

/// Few rows of 784 random units, in the splits of mnist.h5.
void write_digits(const std::filesystem::path& path) {
  std::mt19937 engine(3);
  for (const auto& [split, rows] : {std::pair{"train", 30U}, {"valid", 20U}, {"test", 10U}}) {
    std::string bytes(rows * 784, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(engine() % 2);
    add_dataset(path, split, H5T_STD_U8LE, {rows, 784}, bytes);
  }
}

TEST(ReproduceCommand, JudgesMachinesByTheTestSplitOfTheirDataSet) {
  const TemporaryDirectory folder;
  write_digits(folder.path() / "mnist.h5");
  const auto ran = run_program({"reproduce", "mnist", "--data", ".", "--steps", "2", "--seeds",
                                "5:7", "--out", "n", "--quiet", "--json"},
                               folder.path());
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 4U);
  const auto last = Json::parse(lines[3]);
  EXPECT_EQ(last["part"], "200-200-200-reweighted");
  EXPECT_EQ(last["published"], -90.1);
  EXPECT_EQ(last["chosen_on"], "valid");
  EXPECT_EQ(last["test"]["machines"], 2);
  // A table's machine, evaluated by itself.
  run_program({"replay", "n/200-reweighted", "--machine", "0", "--save", "m.h5", "--quiet"},
              folder.path());
  const auto evaluated = run_program(
      {"evaluate", "m.h5", "--split", "test", "--log-likelihood", "1000", "--json"}, folder.path());
  const auto one = Json::parse(evaluated.out)["log_likelihood"].get<double>();
  const auto both = Json::parse(lines[1])["test"];
  EXPECT_TRUE(one == both["min"].get<double>() || one == both["max"].get<double>()) << one << both;
}

TEST(ReproduceCommand, RefusesWhatItCannotRun) {
  const TemporaryDirectory folder;
  const auto refused = [&](const std::vector<std::string>& arguments) {
    const auto ran = run_program(arguments, folder.path());
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    return ran.err;
  };
  EXPECT_THAT(refused({"reproduce", "--out", "x"}), HasSubstr("EXPERIMENT"));
  EXPECT_THAT(refused({"reproduce", "bar", "--out", "x"}),
              AllOf(Refuses("experiment", "bar"), HasSubstr("bars?")));
  EXPECT_THAT(refused({"reproduce", "bars"}), Refuses("--out", ""));
  EXPECT_THAT(refused({"reproduce", "uci", "--out", "x"}), Refuses("--data", ""));
  EXPECT_THAT(refused({"reproduce", "bars", "--data", "y", "--out", "x"}), Refuses("--data", "y"));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--seeds", "3:1"}),
              Refuses("--seeds", "3:1"));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--threads", "-1"}),
              Refuses("--threads", "-1"));
  EXPECT_THAT(refused({"reproduce", "uci", "--out", "x", "--data", ""}), Refuses("--data", ""));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--only", "free,big"}),
              AllOf(Refuses("--only", "big"), HasSubstr("non-negative, free, ")));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--only", "free,"}),
              Refuses("--only", ""));
}

TEST(ReproduceCommand, RunsOnlyTheSweepsAskedFor) {
  const TemporaryDirectory folder;
  const auto ran = run_program({"reproduce", "bars", "--only", "free-,non-negative-s", "--seeds",
                                "1:2", "--steps", "5", "--out", "x", "--quiet"},
                               folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  std::set<std::string> parts;
  for (const auto& part : std::filesystem::directory_iterator(folder.path() / "x")) {
    parts.insert(part.path().filename().string());
  }
  EXPECT_EQ(parts, (std::set<std::string>{"free-sizes", "non-negative-sizes"}));
  EXPECT_THAT(ran.out, HasSubstr("helmholtz report x/non-negative-sizes"));
}

TEST(ReproduceCommand, SaysHowToNameTheFolderOfAFileThatIsNotThere) {
  const TemporaryDirectory folder;
  const auto ran =
      run_program({"reproduce", "fashion", "--data", ".", "--out", "x"}, folder.path());
  EXPECT_EQ(ran.exit_code, 66);
  EXPECT_THAT(ran.err, AllOf(NamesFile("./train-images-idx3-ubyte.gz"),
                             HasSubstr("--data names its folder")));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ReproduceCommand, RefusesADataSetWithoutATestSplitBeforeItTrains) {
  const TemporaryDirectory folder;
  std::ofstream(folder.path() / "nltcs.h5") << "0101010101010101\n1111000011110000\n";
  const auto ran =
      run_program({"reproduce", "uci", "--data", ".", "--steps", "1", "--out", "x"}, folder.path());
  EXPECT_EQ(ran.exit_code, 65) << ran.err;
  EXPECT_THAT(ran.err, NamesFile("./nltcs.h5"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "x"));
}

}  // namespace
}  // namespace helmholtz::testing
