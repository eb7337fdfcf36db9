// Machines that are chosen by their evaluations: train --save-best and --patience.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/machine_file.hpp"
#include "support/likelihood.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A rate that learns, then goes astray.
const Arguments kAstray = {"train",   "--layers", "4,9",          "--lr", "3",
                           "--steps", "2000",     "--eval-every", "100"};

TEST_F(Likelihood, SaveBestKeepsTheBestEvaluationsMachine) {
  for (const auto& metric : {std::string("kl_exact"), std::string("log_likelihood")}) {
    auto arguments = kAstray;
    const bool is_kl = metric == "kl_exact";
    // 25 hidden units are too many for an exact KL.
    if (!is_kl) arguments[2] = "25,9";
    arguments.insert(arguments.end(), {"--log-likelihood", "20", "--save-best", "best.h5"});
    const auto trained = lines(arguments);
    ASSERT_EQ(trained.size(), 21U);
    std::size_t best = 0;
    for (std::size_t e = 1; e < 20; ++e) {
      const double now = trained[e][metric];
      const double before = trained[best][metric];
      if (is_kl ? now < before : now > before) best = e;
    }
    ASSERT_LT(best, 19U) << "the last one shows nothing";
    const auto& done = trained.back()["best"];
    EXPECT_EQ(done["metric"], metric);
    EXPECT_EQ(done["value"], trained[best][metric]);
    EXPECT_EQ(done["step"], trained[best]["step"]);
    EXPECT_FALSE(trained.back().contains("ended_early"));
    const auto saved = load_machine(folder_.path() / "best.h5");
    EXPECT_EQ(saved.step, trained[best]["step"]);
    EXPECT_EQ(lines({"evaluate", "best.h5", "--log-likelihood", "20"}).front()["log_likelihood"],
              trained[best]["log_likelihood"]);
  }
}

TEST_F(Likelihood, AResumedRunReplacesTheBestMachineByABetterOneOnly) {
  auto arguments = kAstray;
  arguments.insert(arguments.end(), {"--save-best", "best.h5", "--save", "last.h5"});
  const auto best = lines(arguments).back()["best"];
  const auto step = load_machine(folder_.path() / "best.h5").step;
  const auto resumed = [&](const Arguments& more) {
    Arguments all = {"train", "--from",       "last.h5", "--steps",
                     "300",   "--eval-every", "100",     "--save-best"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  // Nothing after step 2,000 is better in a run of kAstray: its own best would be a worse one.
  EXPECT_NE(lines(resumed({"new.h5"})).back()["best"], best);
  EXPECT_EQ(lines(resumed({"best.h5"})).back()["best"], best);
  EXPECT_EQ(load_machine(folder_.path() / "best.h5").step, step);
  const std::vector<std::pair<std::string, Arguments>> others = {
      {"seed", {"--lr", "3", "--seed", "1"}},
      {"lr", {"--lr", "2"}},
      {"batch", {"--lr", "3", "--batch", "4"}}};
  for (const auto& [field, flags] : others) {
    Arguments other = {"train", "--layers", "4,9", "--steps", "10", "--save", "other.h5"};
    other.insert(other.end(), flags.begin(), flags.end());
    ASSERT_EQ(run(other).exit_code, 0) << field;
    const auto refused = run(resumed({"other.h5"}));
    EXPECT_EQ(refused.exit_code, 2) << field;
    EXPECT_THAT(refused.err,
                AllOf(Refuses("--save-best", "other.h5"), HasSubstr("another " + field)));
  }
}

TEST_F(Likelihood, ADivergedMachineInItsFileIsNoBestEither) {
  const Arguments diverging = {"train", "--lr", "1e38", "--save"};
  const auto trained = [&](const char* file, const char* steps) {
    auto arguments = diverging;
    arguments.insert(arguments.end(), {file, "--steps", steps});
    return run(arguments).exit_code;
  };
  ASSERT_EQ(trained("start.h5", "0"), 0);
  ASSERT_EQ(trained("diverged.h5", "10"), 0);
  const auto resumed = lines({"train", "--from", "start.h5", "--steps", "20", "--eval-every", "10",
                              "--save-best", "diverged.h5", "--patience", "1"});
  EXPECT_EQ(resumed.size(), 2U) << "one evaluation, and the last line";
}

TEST_F(Likelihood, PatienceEndsAfterEvaluationsWithoutImprovement) {
  const auto whole = lines(kAstray);
  std::size_t best = 0;
  std::size_t end = 1;
  for (; end < 20 && end - best < 3; ++end) {
    if (whole[end]["kl_exact"] < whole[best]["kl_exact"]) best = end;
  }
  ASSERT_LT(end, 20U) << "no three evaluations without improvement";
  auto arguments = kAstray;
  arguments.insert(arguments.end(), {"--patience", "3"});
  const auto early = lines(arguments);
  ASSERT_EQ(early.size(), best + 3 + 2);  // those until then, and the last line
  for (std::size_t e = 0; e + 1 < early.size(); ++e) EXPECT_EQ(early[e], whole[e]);
  EXPECT_EQ(early.back()["ended_early"], true);
  EXPECT_EQ(early.back()["best"]["step"], whole[best]["step"]);
  const auto text = run(arguments);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.err, AllOf(HasSubstr("ended early at step"), HasSubstr("best: exact KL"),
                              HasSubstr("no better in 3 evaluations after it")));
}

TEST_F(Likelihood, ADivergedMachineIsNoBest) {
  const auto done = lines({"train", "--lr", "1e38", "--steps", "100", "--save-best", "best.h5",
                           "--patience", "2"})
                        .back();
  EXPECT_TRUE(done["best"].is_null());
  EXPECT_EQ(done["steps"], 20);
  EXPECT_THAT(run({"train", "--lr", "1e38", "--steps", "100", "--patience", "2"}).err,
              ::testing::EndsWith("best: no evaluation of a machine that has not diverged\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "best.h5"));
}

TEST_F(Likelihood, ChoosingIsRefusedWhereThereIsNothingToChooseBy) {
  const auto refused = [&](const Arguments& more) {
    Arguments arguments = {"train", "--save", "m.h5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    return result.err;
  };
  EXPECT_THAT(refused({"--patience", "3", "--steps", "0"}), Refuses("--patience", "3"));
  EXPECT_THAT(refused({"--patience", "0"}), Refuses("--patience", "0"));
  EXPECT_THAT(refused({"--save-best", "b.h5", "--steps", "0"}), Refuses("--save-best", "b.h5"));
  EXPECT_THAT(refused({"--save-best", "./m.h5"}), Refuses("--save-best", "./m.h5"));
  EXPECT_THAT(refused({"--save-best", "b.h5", "--layers", "25,9"}), Refuses("--save-best", "b.h5"));
  EXPECT_THAT(refused({"--log-likelihood", "1000000001"}),
              Refuses("--log-likelihood", "1000000001"));
}

}  // namespace
}  // namespace helmholtz::testing
