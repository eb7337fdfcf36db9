// The log-likelihood of a data set's rows: of which split, and what is chosen by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/likelihood.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const Arguments kAll = {"train", "valid", "test"};

TEST_F(LikelihoodOfData, HasTheSameBitsByTrainSweepReplayAndEvaluate) {
  const auto trained =
      lines(data(kAll, {"train", "--steps", "400", "--eval-every", "200", "--log-likelihood", "40",
                        "--rows", "13", "--seed", "3", "--save", "m.h5"}));
  ASSERT_EQ(trained.size(), 3U);
  EXPECT_TRUE(trained[1]["kl_exact"].is_null());
  const auto evaluated = lines({"evaluate", "m.h5", "--data", "valid", "--binarize", "sample",
                                "--rows", "13", "--log-likelihood", "40"})
                             .front();
  EXPECT_EQ(evaluated["log_likelihood"], trained[1]["log_likelihood"]);
  EXPECT_EQ(evaluated["standard_error"], trained[1]["log_likelihood_error"]);
  lines(data(kAll, {"sweep", "--steps", "400", "--eval-every", "200", "--log-likelihood", "40",
                    "--rows", "13", "--seeds", "1:6", "--out", "run"}));
  EXPECT_EQ(run({"replay", "run", "--machine", "2"}).exit_code, 0);
  const auto table = exported(folder_, "run");
  for (std::size_t e = 0; e < 2; ++e) {
    for (const auto& column : kColumns) {
      EXPECT_EQ(exported_value(table, 1 + 2 * 2 + e, column), trained[e][column].get<double>());
    }
  }
  const auto report = run({"report", "run"});
  const std::string what = "log-likelihood (held-out: split valid, 13 rows, K = 40)";
  EXPECT_THAT(report.out, AllOf(HasSubstr(what), Not(HasSubstr("KL"))));
  EXPECT_THAT(read_file(folder_.path() / "run" / "report.html"),
              AllOf(HasSubstr(what), HasSubstr("recognises 13 rows of the data set")));
  EXPECT_THAT(lines_of(read_file(folder_.path() / "run" / "summary.csv")).at(1),
              HasSubstr(",200,log-likelihood,5,0,"));
}

TEST_F(LikelihoodOfData, IsOfValidElseOfTrainAndOfTestIfNamed) {
  const auto header = [&](const Arguments& splits, const Arguments& more) {
    Arguments arguments = {"train", "--steps", "1", "--log-likelihood", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(data(splits, arguments)).err;
  };
  EXPECT_THAT(header(kAll, {}), HasSubstr("(held-out: split valid, 20 rows, K = 2)"));
  EXPECT_THAT(header({"train", "test"}, {}),
              HasSubstr("(trained on: split train, 30 rows, K = 2)"));
  EXPECT_THAT(header(kAll, {"--split", "test", "--rows", "7"}),
              HasSubstr("(held-out: split test, 7 rows, K = 2)"));
}

TEST_F(LikelihoodOfData, ADirectoryIsOfItsSplitAndRows) {
  const auto sweep = [&](const Arguments& more) {
    Arguments arguments = {"sweep", "--steps", "10", "--log-likelihood", "2", "--seeds",
                           "0:2",   "--out",   "run"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(data(kAll, arguments));
  };
  ASSERT_EQ(sweep({}).exit_code, 0);
  EXPECT_EQ(sweep({"--split", "valid", "--rows", "20"}).exit_code, 0);  // what it was
  const auto other = sweep({"--rows", "19"});
  EXPECT_EQ(other.exit_code, 73);
  EXPECT_THAT(other.err, HasSubstr("rows: 20 there, 19 now"));
  EXPECT_EQ(sweep({"--split", "train", "--rows", "20"}).exit_code, 73);
  EXPECT_EQ(run({"sweep", "--config", "run/config.toml", "--out", "again"}).exit_code, 0);
  EXPECT_EQ(files_in(folder_.path() / "run" / "shards"),
            files_in(folder_.path() / "again" / "shards"));
}

TEST_F(LikelihoodOfData, RefusesWhatIsNotThere) {
  const auto refused = [&](const Arguments& arguments) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    return result.err;
  };
  const auto with = [&](const Arguments& more) {
    Arguments arguments = {"train", "--log-likelihood", "2", "--save", "m.h5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return refused(data(kAll, arguments));
  };
  EXPECT_THAT(with({"--split", "tset"}), Refuses("--split", "tset"));
  EXPECT_THAT(with({"--split", ""}), Refuses("--split", ""));
  EXPECT_THAT(with({"--rows", "21"}), Refuses("--rows", "21"));
  EXPECT_THAT(with({"--rows", "0"}), Refuses("--rows", "0"));
  for (const auto* const flag : {"--patience", "--save-best"}) {
    EXPECT_THAT(with({"--split", "test", flag, "3"}), Refuses("--split", "test"));
  }
  EXPECT_THAT(refused(data(kAll, {"sweep", "--log-likelihood", "2", "--split", "test", "--lr",
                                  "0.1,0.2", "--seeds", "0:2", "--out", "run"})),
              Refuses("--split", "test"));
  EXPECT_THAT(
      refused(data({"train", "test"}, {"train", "--log-likelihood", "2", "--split", "valid"})),
      Refuses("--split", "valid"));
  EXPECT_THAT(refused(data(kAll, {"train", "--split", "valid"})), Refuses("--split", "valid"));
  for (const auto* const command : {"train", "sweep"}) {
    EXPECT_THAT(refused({command, "--log-likelihood", "2", "--split", "train"}),
                Refuses("--split", "train"));
    EXPECT_THAT(refused({command, "--log-likelihood", "2", "--rows", "3"}), Refuses("--rows", "3"));
  }
  EXPECT_THAT(refused(data(kAll, {"sweep", "--dry-run"})), Refuses("--log-likelihood", "0"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "m.h5"));
}

TEST_F(LikelihoodOfData, HintsAtItWhereNothingIsComputed) {
  const auto result = run(data(kAll, {"train", "--steps", "2"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("--log-likelihood 100"));
  EXPECT_EQ(lines_of(result.out).front().find_first_not_of(' '), 11U) << "the step alone";
}

TEST_F(LikelihoodOfData, ChoosesAndResumesByTheLogLikelihood) {
  const auto trained = lines(data(kAll, {"train", "--steps", "600", "--eval-every", "100", "--lr",
                                         "1", "--log-likelihood", "10", "--save-best", "best.h5"}));
  const auto& best = trained.back()["best"];
  EXPECT_EQ(best["metric"], "log_likelihood");
  for (std::size_t e = 0; e + 1 < trained.size(); ++e) {
    EXPECT_GE(best["value"], trained[e]["log_likelihood"]);
  }
  const auto resumed =
      lines({"train", "--from", "best.h5", "--steps", "0", "--log-likelihood", "10"}).front();
  EXPECT_EQ(resumed["log_likelihood"], best["value"]);
  EXPECT_EQ(resumed["step"], best["step"]);
}

}  // namespace
}  // namespace helmholtz::testing
