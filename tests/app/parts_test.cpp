// Which part of a sweep a process trains: it is reported, and an empty one is no silent success.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using Variables = std::vector<std::string>;

Variables array_task(int id, int count) {
  return {"SLURM_ARRAY_TASK_ID=" + std::to_string(id), "SLURM_ARRAY_TASK_MIN=0",
          "SLURM_ARRAY_TASK_COUNT=" + std::to_string(count)};
}

/// Sweeps of one shard but where said.
class Parts : public ::testing::Test {
 protected:
  [[nodiscard]] Finished sweep(const Arguments& more, const Variables& variables) const {
    Arguments arguments = {"sweep", "--steps", "20"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, folder_.path(), {.environment = variables});
  }
  [[nodiscard]] bool exists(const char* name) const {
    return std::filesystem::exists(folder_.path() / name);
  }
  /// The last line of --json output.
  [[nodiscard]] static Json done(const Finished& ran) {
    return ran.out.empty() ? Json() : Json::parse(lines_of(ran.out).back());
  }

  TemporaryDirectory folder_;
};

TEST_F(Parts, AnArrayTaskWithoutAShardInItsOwnDirectoryIsRefused) {
  const auto ran = sweep({"--out", "own", "--quiet"}, array_task(1, 3));
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, Refuses("SLURM_ARRAY_TASK_ID", "1"));
  EXPECT_THAT(ran.err, HasSubstr("part 1 of 3"));
  EXPECT_THAT(ran.err, HasSubstr("--shard 0/1"));
  EXPECT_FALSE(exists("own"));
  EXPECT_EQ(sweep({"--out", "own", "--quiet", "--shard", "0/1"}, array_task(1, 3)).exit_code, 0);
  EXPECT_EQ(exported(folder_, "own").size(), 1U + 1024 * 10);
}

// Whichever of them comes first, so that a task is not refused by chance.
TEST_F(Parts, AnArrayTaskWithoutAShardIsRefusedAlsoInASharedDirectory) {
  const auto first = sweep({"--out", "shared", "--json"}, array_task(0, 3));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(done(first)["part"]["from"], "SLURM_ARRAY_TASK_ID");
  EXPECT_EQ(done(first)["part"]["machines"], 1024);
  const auto second = sweep({"--out", "shared", "--json"}, array_task(1, 3));
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, Refuses("SLURM_ARRAY_TASK_ID", "1"));
  const auto again = sweep({"--out", "shared", "--json"}, array_task(0, 3));  // all is done
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(done(again)["trained"], 0);
  for (const auto* out : {"shared", "new"}) {
    const auto asked = sweep({"--out", out, "--json", "--shard", "auto"}, array_task(1, 3));
    EXPECT_EQ(asked.exit_code, 0);
    EXPECT_THAT(asked.err, HasSubstr("part 1 of 3"));
    EXPECT_EQ(done(asked)["part"]["k"], 1);
    EXPECT_EQ(done(asked)["part"]["n"], 3);
    EXPECT_EQ(done(asked)["part"]["machines"], 0);
  }
}

TEST_F(Parts, APartFromTheEnvironmentIsReportedAlsoWithQuiet) {
  const Arguments some_shards = {
      "--steps", "1", "--save-parameters", "all", "--seeds", "0:20000", "--quiet", "--out", "run"};
  auto arguments = some_shards;
  arguments.insert(arguments.begin(), "sweep");
  const auto ran = run_program(arguments, folder_.path(), {.environment = array_task(1, 2)});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr("part 1 of 2"));
  EXPECT_THAT(ran.err, HasSubstr("SLURM_ARRAY_TASK_ID"));
  arguments.insert(arguments.end(), {"--shard", "auto"});
  for (const auto* size : {"1", "2"}) {
    const auto automatic =
        run_program(arguments, folder_.path(),
                    {.environment = {"PMI_RANK=0", "PMI_SIZE=" + std::string(size)}});
    EXPECT_EQ(automatic.exit_code, 0);
    EXPECT_THAT(automatic.err, HasSubstr("part 0 of " + std::string(size) +
                                         " (PMI_RANK): shards "
                                         "[0, "));
  }
  arguments.back() = "0/2";
  EXPECT_EQ(run_program(arguments, folder_.path()).err, "");
}

TEST_F(Parts, AnEmptyPartThatWasAskedForIsReported) {
  const auto ran = sweep({"--out", "run", "--quiet", "--shard", "1/2"}, {});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr("part 1 of 2"));
  EXPECT_THAT(ran.err, HasSubstr("none of 1 shard"));
}

TEST_F(Parts, ADryRunReportsThePart) {
  const auto text = sweep({"--dry-run"}, array_task(0, 3));
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("part 0 of 3"));
  EXPECT_THAT(sweep({"--dry-run", "--shard", "auto"}, {"PMI_RANK=0", "PMI_SIZE=1"}).out,
              HasSubstr("part 0 of 1 (PMI_RANK)"));
  const auto json = done(sweep({"--dry-run", "--json"}, array_task(2, 3)));
  EXPECT_EQ(json["part"]["k"], 2);
  EXPECT_EQ(json["part"]["machines"], 0);
  EXPECT_GE(json["threads"], 1);
  EXPECT_EQ(done(sweep({"--dry-run", "--json"}, {}))["part"]["from"], nullptr);
}

TEST_F(Parts, AutoTakesTheNumbersOfLaunchers) {
  struct Case {
    Variables variables;
    std::string from;
    int k;
    int n;
  };
  for (const auto& [variables, from, k, n] : std::vector<Case>{
           {array_task(2, 3), "SLURM_ARRAY_TASK_ID", 2, 3},
           {{"SLURM_PROCID=1", "SLURM_NTASKS=4", "SLURM_STEP_ID=0"}, "SLURM_PROCID", 1, 4},
           {{"OMPI_COMM_WORLD_RANK=3", "OMPI_COMM_WORLD_SIZE=5"}, "OMPI_COMM_WORLD_RANK", 3, 5},
           {{"PMI_RANK=0", "PMI_SIZE=2"}, "PMI_RANK", 0, 2},
           {{"JOB_COMPLETION_INDEX=1", "JOB_COMPLETIONS=2"}, "JOB_COMPLETION_INDEX", 1, 2},
           // mpirun in a Slurm job: its own numbers count
           {{"SLURM_PROCID=0", "SLURM_NTASKS=1", "SLURM_STEP_ID=0", "PMI_RANK=1", "PMI_SIZE=2"},
            "PMI_RANK",
            1,
            2}}) {
    const auto ran = sweep(
        {"--shard", "auto", "--seeds", "0:3", "--out", from + "-" + std::to_string(k), "--json"},
        variables);
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(done(ran)["part"]["from"], from);
    EXPECT_EQ(done(ran)["part"]["k"], k) << from;
    EXPECT_EQ(done(ran)["part"]["n"], n) << from;
  }
  // What sbatch sets for its script numbers no process.
  const auto script = sweep({"--shard", "auto", "--seeds", "0:3", "--out", "script", "--json"},
                            {"SLURM_PROCID=0", "SLURM_NTASKS=4"});
  EXPECT_EQ(script.exit_code, 2);
  EXPECT_THAT(script.err, Refuses("--shard", "auto"));
  // Several ranks, and no MPI that sees them: each would train all.
  const auto alone = sweep({"--seeds", "0:3", "--out", "all"}, {"PMI_RANK=1", "PMI_SIZE=2"});
  EXPECT_EQ(alone.exit_code, 69);
  EXPECT_THAT(alone.err, HasSubstr("MPI"));
}

/// Both lists as one.
std::vector<std::string> with(std::vector<std::string> texts,
                              const std::vector<std::string>& more) {
  texts.insert(texts.end(), more.begin(), more.end());
  return texts;
}

TEST_F(Parts, RanksDivideThePartOfTheirTask) {
  for (const std::string task : {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}) {
    const Arguments flags = {"--out", task, "--seeds", "0:6", "--json"};
    ASSERT_EQ(sweep(with(flags, {"--shard", "1/2"}), {}).exit_code, 0);
    set_shard_machines(folder_.path() / task, 1);
    for (int k = 0; k < 6; ++k) {
      const auto index = std::to_string(k / 3);
      const auto variables =
          with(task.starts_with("SLURM") ? array_task(k / 3, 2)
                                         : Variables{task + "=" + index, "JOB_COMPLETIONS=2"},
               {"OMPI_COMM_WORLD_RANK=" + std::to_string(k % 3), "OMPI_COMM_WORLD_SIZE=3"});
      const auto ran = sweep(with(flags, {"--shard", "auto"}), variables);
      ASSERT_EQ(ran.exit_code, 0) << ran.err;
      EXPECT_EQ(done(ran)["trained"], 1);
      EXPECT_EQ(done(ran)["part"]["k"], k);
      EXPECT_EQ(done(ran)["part"]["n"], 6);
      EXPECT_EQ(done(ran)["part"]["shards"], Json({k, k + 1}));
      EXPECT_EQ(done(ran)["part"]["from"], task + ", OMPI_COMM_WORLD_RANK");
    }
    EXPECT_EQ(exported(folder_, task).size(), 1U + 6 * 10);
  }
}

TEST_F(Parts, AutoRefusesNumbersThatMakeNoPart) {
  const auto refused = [&](const Variables& variables) {
    const auto ran = sweep({"--shard", "auto", "--out", "run"}, variables);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_FALSE(exists("run"));
    return ran.err;
  };
  EXPECT_THAT(refused({}), Refuses("--shard", "auto"));
  EXPECT_THAT(refused({"JOB_COMPLETION_INDEX=1"}), Refuses("JOB_COMPLETIONS", ""));
  EXPECT_THAT(refused({"PMI_RANK=2", "PMI_SIZE=2"}), Refuses("PMI_RANK", "2"));
  EXPECT_THAT(refused({"SLURM_PROCID=x", "SLURM_NTASKS=2", "SLURM_STEP_ID=0"}),
              Refuses("SLURM_PROCID", "x"));
}

}  // namespace
}  // namespace helmholtz::testing
