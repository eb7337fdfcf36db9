// Training on a data set, from `train` and `sweep` to `evaluate`; files that move or change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/machine_file.hpp"
#include "helmholtz/run_directory.hpp"
#include "support/json.hpp"
#include "support/process.hpp"
#include "support/read_file.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Rows of 12 units, of which the first half are on or the second half.
std::string halves(int rows, unsigned seed) {
  std::mt19937 engine(seed);
  std::string text;
  for (int n = 0; n < rows; ++n) {
    const bool left = engine() % 2 == 0;
    for (int i = 0; i < 12; ++i) text += (i < 6) == left && engine() % 8 != 0 ? '1' : '0';
    text += '\n';
  }
  return text;
}

class DataTraining : public ::testing::Test {
 protected:
  void SetUp() override {
    write("rows.txt", halves(200, 1));
    write("held.txt", halves(100, 2));
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
  }
  [[nodiscard]] Finished run(const std::vector<std::string>& arguments) const {
    return run_program(arguments, folder_.path());
  }
  /// `command` on rows.txt, with `more` flags.
  [[nodiscard]] Finished on_rows(const std::string& command, const std::vector<std::string>& more,
                                 int steps = 400) const {
    std::vector<std::string> all = {command,   "--layers",           "2,6,12", "--batch", "10",
                                    "--steps", std::to_string(steps)};
    if (command == "sweep") all.insert(all.end(), {"--log-likelihood", "2"});
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  [[nodiscard]] Json evaluated(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"evaluate"});
    flags.insert(flags.end(), {"--json"});
    const auto result = run(flags);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  }
  TemporaryDirectory folder_;
};

TEST_F(DataTraining, AMachineLearnsTheRowsAndIsEvaluatedWithoutThem) {
  std::vector<std::string> flags = {"--train", "rows.txt", "--valid", "held.txt", "--save", "m.h5"};
  ASSERT_EQ(on_rows("train", flags).exit_code, 0);
  flags.back() = "zero.h5";
  ASSERT_EQ(on_rows("train", flags, 0).exit_code, 0);
  // Twelve units that are on by chance: 12 ln 2 = 8.3 nats; the halves, with 1/8 of noise in six
  // units, about ln 2 + 6 H(1/8) = 3.0 nats. Training on them comes at least half of the way.
  const auto before = evaluated({"zero.h5"})["log_likelihood"].get<double>();
  const auto after = evaluated({"m.h5"})["log_likelihood"].get<double>();
  EXPECT_NEAR(before, -8.318, 1e-3);
  EXPECT_GT(after, -5.7);

  EXPECT_EQ(evaluated({"m.h5", "--split", "train"})["rows"], 200);
  fs::rename(folder_.path() / "rows.txt", folder_.path() / "moved.txt");
  EXPECT_EQ(evaluated({"m.h5"})["rows"], 100);  // valid, the last split, alone is read
  EXPECT_EQ(evaluated({"m.h5", "--data", "held.txt"})["log_likelihood"], after);
  EXPECT_EQ(run({"evaluate", "m.h5", "--split", "train"}).exit_code, 66);
  const auto sampled = run({"sample", "--from", "m.h5", "--count", "3", "--json"});
  EXPECT_EQ(sampled.exit_code, 0);
  EXPECT_THAT(sampled.out, AllOf(HasSubstr(R"("samples":3)"), Not(HasSubstr("counts"))));
  EXPECT_THAT(run({"evaluate", "m.h5", "--values", "held.txt"}).err,
              Refuses("--values", "held.txt"));
}

TEST_F(DataTraining, ASavedMachineResumesOnTheSameRows) {
  ASSERT_EQ(on_rows("train", {"--train", "rows.txt", "--save", "whole.h5"}).exit_code, 0);
  ASSERT_EQ(on_rows("train", {"--train", "rows.txt", "--save", "half.h5"}, 150).exit_code, 0);
  const auto resume = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"train", "--from", "half.h5", "--steps", "250"});
    return run(more);
  };
  ASSERT_EQ(resume({"--save", "all.h5"}).exit_code, 0);
  EXPECT_EQ(load_machine(folder_.path() / "all.h5").parameters,
            load_machine(folder_.path() / "whole.h5").parameters);

  fs::rename(folder_.path() / "rows.txt", folder_.path() / "moved.txt");
  const auto lost = resume({});
  EXPECT_EQ(lost.exit_code, 66);
  EXPECT_THAT(lost.err, AllOf(HasSubstr("rows.txt"), HasSubstr("--train says where it is now")));
  ASSERT_EQ(resume({"--train", "moved.txt", "--save", "all.h5"}).exit_code, 0);
  const auto saved = load_machine(folder_.path() / "all.h5");
  EXPECT_EQ(saved.parameters, load_machine(folder_.path() / "whole.h5").parameters);
  EXPECT_EQ(saved.data.files.train, folder_.path() / "moved.txt");

  const auto other = resume({"--train", "held.txt"});
  EXPECT_EQ(other.exit_code, 65);
  EXPECT_THAT(other.err, AllOf(HasSubstr("held.txt"), HasSubstr("100 rows"), HasSubstr("rows.txt"),
                               HasSubstr("200 rows")));
}

TEST_F(DataTraining, AMachineIsNotEvaluatedOnRowsThatHaveChanged) {
  ASSERT_EQ(on_rows("train", {"--train", "rows.txt", "--valid", "held.txt", "--save", "m.h5"}, 10)
                .exit_code,
            0);
  write("held.txt", halves(100, 3));
  const auto changed = run({"evaluate", "m.h5"});
  EXPECT_EQ(changed.exit_code, 65);
  EXPECT_THAT(changed.err, AllOf(HasSubstr("held.txt: "), HasSubstr("other rows of split valid")));
  EXPECT_EQ(evaluated({"m.h5", "--split", "train"})["rows"], 200);  // which is what it was
  EXPECT_EQ(evaluated({"m.h5", "--data", "held.txt"})["rows"], 100);
  write("held.txt", halves(100, 2));
  EXPECT_EQ(evaluated({"m.h5"})["rows"], 100);
}

TEST_F(DataTraining, ASplitThatHasMovedIsNamedAlone) {
  ASSERT_EQ(on_rows("train", {"--train", "rows.txt", "--valid", "held.txt", "--save", "m.h5"}, 10)
                .exit_code,
            0);
  fs::rename(folder_.path() / "held.txt", folder_.path() / "moved.txt");
  const auto resumed =
      run({"train", "--from", "m.h5", "--steps", "10", "--valid", "moved.txt", "--save", "m.h5"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  const auto files = load_machine(folder_.path() / "m.h5").data.files;
  EXPECT_EQ(files.train, folder_.path() / "rows.txt");
  EXPECT_EQ(files.valid, folder_.path() / "moved.txt");
}

TEST_F(DataTraining, SweepsAreResumedExtendedAndRead) {
  const auto sweep = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"--train", "rows.txt", "--valid", "held.txt", "--out", "out"});
    return on_rows("sweep", more);
  };
  ASSERT_EQ(sweep({"--seeds", "0:2"}).exit_code, 0);
  ASSERT_EQ(sweep({"--seeds", "0:4", "--save-parameters", "none"}).exit_code, 0);
  EXPECT_THAT(read_file(folder_.path() / "out" / "config.toml"),
              AllOf(HasSubstr("\ntrain = \"" + (folder_.path() / "rows.txt").string() + "\"\n"),
                    HasSubstr("\nvalid = "), Not(HasSubstr("world")), Not(HasSubstr("binarize"))));
  EXPECT_EQ(run({"replay", "out", "--machine", "1", "--save", "m.h5"}).exit_code, 0);
  EXPECT_EQ(evaluated({"m.h5"})["rows"], 100);

  fs::rename(folder_.path() / "rows.txt", folder_.path() / "moved.txt");
  for (const std::string command : {"verify", "status", "export", "report"}) {
    const auto result = run({command, "out"});
    EXPECT_EQ(result.exit_code, 0) << command << ": " << result.err;
    EXPECT_THAT(result.out, Not(HasSubstr("nan"))) << command;
  }
  for (const std::string command : {"export", "report"}) {
    EXPECT_THAT(run({command, "out", "--out", "held.txt"}).err, Refuses("--out", "held.txt"));
  }
  const auto replayed = run({"replay", "out", "--machine", "1"});
  EXPECT_EQ(replayed.exit_code, 66);
  EXPECT_THAT(replayed.err, AllOf(HasSubstr("rows.txt"), HasSubstr("--train says where")));
  EXPECT_EQ(run({"replay", "out", "--machine", "1", "--train", "moved.txt"}).exit_code, 0);
  EXPECT_EQ(run({"replay", "out", "--machine", "1", "--train", "held.txt"}).exit_code, 65);
  EXPECT_EQ(run({"replay", "out", "--machine", "1", "--test", "held.txt"}).exit_code, 2);
  EXPECT_THAT(
      run({"replay", "out", "--machine", "1", "--train", "moved.txt", "--save", "held.txt"}).err,
      Refuses("--save", "held.txt"));
  EXPECT_EQ(sweep({"--seeds", "0:4"}).exit_code, 66);
  const auto from = [&](const std::string& rows) {
    return on_rows("sweep",
                   {"--train", rows, "--valid", "held.txt", "--out", "out", "--seeds", "0:4"});
  };
  EXPECT_EQ(from("moved.txt").exit_code, 0);  // the rows count, not their file
  const auto other = from("held.txt");
  EXPECT_EQ(other.exit_code, 73);
  EXPECT_THAT(other.err, HasSubstr("world: 12 units, 200 rows"));
}

TEST_F(DataTraining, GreyRowsInEpochsAreResumedToTheBit) {
  std::string grey;
  for (int n = 0; n < 30; ++n) {
    for (int i = 0; i < 12; ++i) grey += fmt::format("{} ", ((n + i) % 4) / 4.0);
    grey += '\n';
  }
  write("grey.txt", grey);
  const std::vector<std::string> flags = {"--data",  "grey.txt", "--binarize", "sample",
                                          "--order", "epochs",   "--save",     "m.h5"};
  ASSERT_EQ(on_rows("train", flags).exit_code, 0);
  const auto whole = load_machine(folder_.path() / "m.h5");
  EXPECT_EQ(whole.ensemble.order, Order::epochs);
  EXPECT_EQ(whole.data.binarize.kind, Binarize::Kind::sample);
  ASSERT_EQ(on_rows("train", flags, 150).exit_code, 0);
  ASSERT_EQ(run({"train", "--from", "m.h5", "--steps", "250", "--save", "m.h5"}).exit_code, 0);
  EXPECT_EQ(load_machine(folder_.path() / "m.h5").parameters, whole.parameters);
  EXPECT_EQ(evaluated({"m.h5"})["rows"], 30);
  const auto other = run({"train", "--from", "m.h5", "--order", "iid"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("epochs"));
}

TEST_F(DataTraining, ADryRunSaysWhatTheRowsTake) {
  const std::vector<std::string> flags = {"--train", "rows.txt", "--test",   "held.txt",
                                          "--seeds", "0:2",      "--dry-run"};
  EXPECT_THAT(on_rows("sweep", flags).out,
              HasSubstr("rows of 12 units, train 200 (800 B), test 100 (400 B)\n"));
  auto as_json = flags;
  as_json.emplace_back("--json");
  const auto found = Json::parse(on_rows("sweep", as_json).out)["data"];
  EXPECT_EQ(found["units"], 12);
  EXPECT_EQ(found["train"], 200);
  EXPECT_EQ(found["test"], 100);
  EXPECT_EQ(found["bytes"], 4 * (200 + 100 + 199));  // a word per row, and thresholds
}

TEST_F(DataTraining, RefusesWhatDoesNotFit) {
  write("grey.txt", "0.5 0 0 0 0 0 0 0 0 0 0 1\n");
  const auto refused = [&](std::vector<std::string> flags) {
    const auto result = on_rows("train", flags);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  EXPECT_THAT(refused({"--data", "rows.txt", "--world", "bars4x4"}), Refuses("--world", "bars4x4"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--train", "rows.txt"}),
              Refuses("--data", "rows.txt"));
  EXPECT_THAT(refused({"--valid", "rows.txt"}), Refuses("--train", ""));
  EXPECT_THAT(refused({"--data", "rows.txt", "--save", "./rows.txt"}),
              Refuses("--save", "./rows.txt"));
  EXPECT_THAT(refused({"--train", "rows.txt", "--valid", "held.txt", "--log-likelihood", "1",
                       "--save-best", "held.txt"}),
              Refuses("--save-best", "held.txt"));
  EXPECT_THAT(refused({"--world", "file:rows.txt", "--save", "rows.txt"}),
              Refuses("--save", "rows.txt"));
  EXPECT_THAT(refused({"--data", ""}), Refuses("--data", ""));
  EXPECT_THAT(refused({"--binarize", "0.5"}), Refuses("--binarize", "0.5"));
  EXPECT_THAT(refused({"--data", "grey.txt", "--binarize", "2"}), Refuses("--binarize", "2"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--samples", "9"}), Refuses("--samples", "9"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--rng", "numpy"}), Refuses("--rng", "numpy"));
  const auto layers = run({"train", "--data", "rows.txt"});
  EXPECT_EQ(layers.exit_code, 2);
  EXPECT_THAT(layers.err, HasSubstr("12 visible units, as data set rows.txt has"));
  const auto grey = on_rows("train", {"--data", "grey.txt"});
  EXPECT_EQ(grey.exit_code, 65);
  EXPECT_THAT(grey.err, NamesFile("grey.txt"));
  const auto none = on_rows("train", {"--data", "none.txt"});
  EXPECT_EQ(none.exit_code, 66);
  EXPECT_EQ(none.err, "helmholtz: none.txt: No such file or directory\n");
  EXPECT_EQ(on_rows("sweep", {"--data", "none.txt", "--out", "none"}).exit_code, 66);
  EXPECT_FALSE(fs::exists(folder_.path() / "none"));
}

}  // namespace
}  // namespace helmholtz::testing
