// The log-likelihood as the program's users see it: the same bits by train, sweep, replay and
// evaluate, near the exact KL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "helmholtz/run_directory.hpp"
#include "run/shard_files.hpp"
#include "support/likelihood.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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

}  // namespace
}  // namespace helmholtz::testing
