// The log-likelihood as the program's users see it: the same bits by train, sweep, replay and
// evaluate, near the exact KL; and machines that are chosen by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "helmholtz/machine_file.hpp"
#include "helmholtz/run_directory.hpp"
#include "run/shard_files.hpp"
#include "support/process.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Likelihood : public ::testing::Test {
 protected:
  [[nodiscard]] Finished run(const Arguments& arguments) const {
    return run_program(arguments, folder_.path());
  }
  /// The JSON lines of a command that ends well.
  std::vector<json> lines(Arguments arguments) const {
    arguments.emplace_back("--json");
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<json> values;
    for (const auto& line : lines_of(result.out)) values.push_back(json::parse(line));
    return values;
  }
  /// One column of an exported line.
  [[nodiscard]] double exported_value(const std::vector<std::string>& table, std::size_t line,
                                      const std::string& column) const {
    const auto cells = [&](std::size_t i) {
      std::vector<std::string> all(1);
      bool is_quoted = false;
      for (const char c : table[i]) {
        if (c == '"') is_quoted = !is_quoted;
        c == ',' && !is_quoted ? all.emplace_back() : all.back().append(1, c);
      }
      return all;
    };
    const auto names = cells(0);
    const auto found = std::ranges::find(names, column);
    EXPECT_NE(found, names.end()) << column;
    return std::stod(cells(line)[static_cast<std::size_t>(found - names.begin())]);
  }

  TemporaryDirectory folder_;
};

const Arguments kColumns = {"log_likelihood", "log_likelihood_error", "elbo", "effective"};

TEST_F(Likelihood, HasTheSameBitsByTrainSweepReplayAndEvaluate) {
  const Arguments training = {"--layers",         "1,6,9", "--steps", "3000",
                              "--eval-every",     "1000",  "--lr",    "0.1",
                              "--log-likelihood", "60"};
  auto train = training;
  train.insert(train.begin(), "train");
  train.insert(train.end(), {"--seed", "8", "--save", "m.h5", "--threads", "1"});
  const auto trained = lines(train);
  for (const auto* const threads : {"1", "3"}) {
    auto sweep = training;
    sweep.insert(sweep.begin(), "sweep");
    sweep.insert(sweep.end(), {"--seeds", "2:12", "--threads", threads, "--out", threads});
    lines(sweep);
    EXPECT_EQ(run({"replay", threads, "--machine", "6"}).exit_code, 0);
    const auto table = exported(folder_, threads);
    for (std::size_t e = 0; e < 3; ++e) {
      for (const auto& column : kColumns) {
        // Machine 6 has seed 8; a line for the names.
        EXPECT_EQ(exported_value(table, 1 + 6 * 3 + e, column), trained[e][column].get<double>())
            << column << " at " << e;
      }
    }
  }
  EXPECT_EQ(files_in(folder_.path() / "1" / "shards"), files_in(folder_.path() / "3" / "shards"));
  const auto evaluated = lines({"evaluate", "m.h5", "--log-likelihood", "60"}).front();
  EXPECT_EQ(evaluated["log_likelihood"], trained[2]["log_likelihood"]);
  EXPECT_EQ(evaluated["standard_error"], trained[2]["log_likelihood_error"]);
  EXPECT_EQ(evaluated["elbo"], trained[2]["elbo"]);
  EXPECT_EQ(evaluated["effective"], trained[2]["effective"]);
}

TEST_F(Likelihood, IsNearTheExactKlOfEnumerableWorlds) {
  constexpr double kParticles = 20'000;
  for (const auto& [world, layers] : {std::pair{"kirby3x3", "2,5,9"}, {"bars4x4", "1,8,16"}}) {
    const auto line = lines({"train", "--world", world, "--layers", layers, "--steps", "2000",
                             "--eval-every", "2000", "--log-likelihood", "20000"})
                          .front();
    // A logarithm of a mean of K weights is biased by about half its variance downwards; layers in
    // float32 differ by 1e-4 at most.
    const double bias = (1 / line["effective"].get<double>() - 1) / (2 * kParticles);
    const double kl = -line["log_likelihood"].get<double>() - make_world(world).entropy();
    EXPECT_NEAR(kl - bias, line["kl_exact"].get<double>(),
                5 * line["log_likelihood_error"].get<double>() + bias + 1e-4)
        << world;
  }
}

TEST_F(Likelihood, IsShownWhereItIsAskedForAlone) {
  const auto table = [&](const Arguments& more) {
    Arguments arguments = {"train", "--steps", "10", "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments).out;
  };
  EXPECT_THAT(table({}), AllOf(HasSubstr("KL exact"), Not(HasSubstr("likelihood")),
                               Not(HasSubstr("sampled")), Not(HasSubstr(" -"))));
  EXPECT_THAT(table({"--log-likelihood", "5"}),
              AllOf(HasSubstr("KL exact"), HasSubstr("log-likelihood"), HasSubstr("std. error"),
                    HasSubstr("ELBO"), HasSubstr("effective")));
  EXPECT_THAT(table({"--layers", "25,9", "--log-likelihood", "5"}), Not(HasSubstr("KL")));
  EXPECT_FALSE(lines({"train", "--steps", "10"}).front().contains("log_likelihood"));
  ASSERT_EQ(run(small_sweep({"--out", "run", "--quiet"})).exit_code, 0);
  EXPECT_THAT(exported(folder_, "run").front(), Not(HasSubstr("likelihood")));
}

TEST_F(Likelihood, ASignalEndsALongEstimate) {
  // Of one large number of particles, and of a sweep's machines on a thread each.
  for (const Arguments& command : {Arguments{"train", "--steps", "1", "--save", "m.h5"},
                                   Arguments{"sweep", "--steps", "1", "--seeds", "0:1000",
                                             "--threads", "1", "--out", "run"}}) {
    const bool is_train = command.front() == "train";
    auto arguments = command;
    arguments.insert(arguments.end(), {"--log-likelihood", is_train ? "1000000000" : "1000000"});
    Process process(arguments, folder_.path(), {});
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    process.send(SIGINT);
    EXPECT_EQ(process.wait().exit_code, 75) << command.front();
  }
}

TEST_F(Likelihood, ReplayFindsAnotherValue) {
  ASSERT_EQ(run({"sweep", "--seeds", "0:2", "--steps", "20", "--log-likelihood", "7", "--out",
                 "run", "--quiet"})
                .exit_code,
            0);
  const auto run_path = folder_.path() / "run";
  const ShardFiles files(run_path, open_run(run_path).spec());
  auto shard = files.read(0);
  shard.column("effective")[3] = std::nextafter(shard.column("effective")[3], 0.0);
  std::filesystem::remove(files.path(0));
  files.write(shard);
  const auto result = run({"replay", "run", "--machine", "0"});
  EXPECT_EQ(result.exit_code, 65);
  EXPECT_THAT(result.err, HasSubstr("another result for machine 0 at step 8"));
  EXPECT_EQ(run({"replay", "run", "--machine", "1"}).exit_code, 0);
}

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

/// Grey rows of nine units: 30 to train on, 20 of valid, 10 of test.
class LikelihoodOfData : public Likelihood {
 protected:
  void SetUp() override {
    std::uint32_t word = 1;
    for (const auto& [name, rows] : {std::pair{"train", 30}, {"valid", 20}, {"test", 10}}) {
      std::ofstream file(folder_.path() / name);
      for (int i = 0; i < rows * 9; ++i) {
        word = word * 1'664'525U + 1'013'904'223U;
        file << 0.25 * (word >> 30U) << (i % 9 == 8 ? '\n' : ' ');
      }
    }
  }
  /// The flags of a data set of these splits.
  static Arguments data(const Arguments& splits, const Arguments& more) {
    Arguments arguments = {more.front(), "--binarize", "sample"};
    for (const auto& split : splits) arguments.insert(arguments.end(), {"--" + split, split});
    arguments.insert(arguments.end(), more.begin() + 1, more.end());
    return arguments;
  }
};

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
  EXPECT_THAT(read_file(folder_.path() / "run" / "report.html"), HasSubstr(what));
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
