#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

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
  const auto json = nlohmann::json::parse(run_program(again, folder.path()).out);
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
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--seeds", "3:1"}),
              Refuses("--seeds", "3:1"));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--threads", "-1"}),
              Refuses("--threads", "-1"));
  EXPECT_THAT(refused({"reproduce", "uci", "--out", "x"}), Refuses("--data", ""));
  EXPECT_THAT(refused({"reproduce", "uci", "--out", "x", "--data", ""}), Refuses("--data", ""));
  EXPECT_THAT(refused({"reproduce", "bars", "--out", "x", "--data", "."}), Refuses("--data", "."));
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
