// --config: what its lists mean, and what is refused with the line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

class ConfigFile : public ::testing::Test {
 protected:
  /// A sweep of untrained machines with this file, into a new directory.
  Finished sweep(const std::string& text, std::vector<std::string> more = {}) {
    std::ofstream(folder_.path() / "c.toml", std::ios::binary) << text;
    run_ = folder_.path() / fmt::format("run{}", ++runs_);
    more.insert(more.begin(), {"sweep", "--config", "c.toml", "--steps", "0", "--seeds", "0",
                               "--json", "--quiet", "--out", run_.string()});
    return run_program(more, folder_.path());
  }

  /// What the file's sweep says of a setting in its own config.toml, or what went wrong.
  std::string resolved(const std::string& name, const std::string& text,
                       const std::vector<std::string>& more = {}) {
    const auto ran = sweep(text, more);
    if (ran.exit_code != 0) return ran.err;
    for (const auto& line : lines_of(read_file(run_ / "config.toml"))) {
      if (line.starts_with(name + " = ")) return line;
    }
    return "nothing";
  }

  TemporaryDirectory folder_;
  std::filesystem::path run_;
  int runs_ = 0;
};

TEST_F(ConfigFile, ListsAreTomlS) {
  const auto* const two = R"(lr = ["0.1", "0.2"])";
  for (const auto* text :
       {"lr = [0.1, 0.2]", "lr = [\"0.1\", \"0.2\"]", "lr = ['0.1' , \"0.2\" ]", "lr = \"0.1,0.2\"",
        "lr = [\"0.1,0.2\"]", "lr = [\n  0.1,  # the first\n\n  0.2,\n]\n", "lr = [0.1\n,0.2]",
        "lr = [0.1,\r\n0.2]\r\n", "[sweep]\nlr = [0.1, 0.2]", "sweep.lr = [0.1, 0.2]",
        "\"lr\"=[1e-1,2e-1]#", "lr=[0.1,0.2]# ]"}) {
    EXPECT_EQ(resolved("lr", text), two) << text;
  }
  EXPECT_EQ(resolved("lr", "lr = 0.1"), "lr = [\"0.1\"]");
  EXPECT_EQ(resolved("seeds", "lr = 0.1", {}), "seeds = \"0\"");
}

TEST_F(ConfigFile, LayersAreOneListOrSeveral) {
  EXPECT_EQ(resolved("layers", "layers = [1, 6, 9]"), "layers = [\"1,6,9\"]");
  EXPECT_EQ(resolved("layers", "layers = \"1,6,9\""), "layers = [\"1,6,9\"]");
  EXPECT_EQ(resolved("layers", "layers = [[1, 6, 9]]"), "layers = [\"1,6,9\"]");
  const auto* const two = R"(layers = ["1,6,9", "1,8,9"])";
  EXPECT_EQ(resolved("layers", "layers = [\"1,6,9\", \"1,8,9\"]"), two);
  EXPECT_EQ(resolved("layers", "layers = [[1, 6, 9], [1, 8, 9,],]"), two);
  EXPECT_EQ(resolved("layers", "layers = [[1, 6, 9], \"1,8,9\"]"), two);
}

TEST_F(ConfigFile, TextMayHoldWhatTheFormatUses) {
  const auto patterns = folder_.path() / "a #1, \"b\"=\\ [x].txt";
  std::ofstream(patterns) << "110110110\n001001001\n";
  for (const auto* name : {"'file:a #1, \"b\"=\\ [x].txt'", R"("file:a #1, \"b\"=\\ [x].txt")"}) {
    EXPECT_THAT(resolved("world", fmt::format("world = {}", name)),
                HasSubstr(R"(/a #1, \"b\"=\\ [x].txt")"));
  }
}

TEST_F(ConfigFile, TheCommandLineWinsAndTheSectionIsNext) {
  const auto* const text = "lr = 0.1\nbatch = 3\n[sweep]\nlr = 0.2\n[train]\nlr = 0.3\n";
  EXPECT_EQ(resolved("lr", text), "lr = [\"0.2\"]");
  EXPECT_EQ(resolved("batch", text), "batch = [\"3\"]");
  EXPECT_EQ(resolved("lr", text, {"--lr", "0.4"}), "lr = [\"0.4\"]");
}

// With a time that grew as its square it would take minutes.
TEST_F(ConfigFile, ReadsALongList) {
  std::string text = "lr = [";
  for (int i = 1; i <= 300'000; ++i) text += fmt::format("{}, ", i * 1e-6);
  // A rate twice, so that it is read and no more.
  const auto ran = sweep(text + "1e-6]");
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--lr: got \"1e-06\"; allowed: each value once"));
}

struct Refusal {
  std::string text;
  int exit_code;
  std::string message;
};

TEST_F(ConfigFile, RefusesTheRestInOneLine) {
  std::string deep;
  for (int i = 0; i < 60'000; ++i) deep += "a.";
  const std::vector<Refusal> refusals = {
      {"lr = 0.1\nlr = 0.2", 65, "c.toml: line 2: "},
      {"[sweep]\nlr = 1\n[train]\n[sweep]\nlr = 2", 65, "c.toml: line 4: "},
      {"lr", 65, "c.toml: line 1: "},
      {"= 0.1", 65, "c.toml: line 1: "},
      {"# none\n\nlr =", 65, "c.toml: line 3: "},
      {"lr = 0.1, 0.2", 65, "c.toml: line 1: "},
      {"lr = [0.1,,0.2]", 65, "c.toml: line 1: "},
      {"lr = [0.1,\n", 65, "c.toml: line "},
      {"lr = \"0.1\nbatch = 2\"", 65, "c.toml: line 1: "},
      {"world = kirby3x3", 65, "c.toml: line 1: "},
      {"[sweep\nlr = 0.1", 65, "c.toml: line 1: "},
      {"[[sweep]]\nlr = 0.1", 65, "line 1: needed a string, a number, true or false, or a list"},
      {"\nlr = 1979-05-27", 65, "line 2: needed a string, a number, true or false, or a list"},
      {deep + "b = 1", 65, "c.toml: line 1: a name of too many parts"},
      {"[" + deep + "b]", 65, "c.toml: line 1: a name of too many parts"},
      {"threads = 18446744073709551615", 65, "larger numbers go in quotes"},
      {"layers = [[[1, 6, 9]]]", 65, "line 1: needed a string, a number"},
      {"lr = []", 2, "--lr: got \"an empty list\"; allowed: at least one value"},
      {"backend = []", 2, "--backend: got \"an empty list\""},
      {"mean = []", 2, "--mean: got \"an empty list\""},
      {"layers = [[]]", 2, "--layers: got \"\""},
      {"lr = [[0.1, 0.2]]", 2, "--lr: got \"[0.1,0.2]\"; allowed: no list in a list"},
      {"lr = [0.1, true]", 2, "--lr: got \"true\""},
      {"lr = \"\"", 2, "--lr: got \"\""},
      {"lr = [0.1, \"\"]", 2, "--lr: got \"\""},
      {"batch = -1", 2, "--batch: got \"-1\""},
      {"mean = [true, false]", 2, "--mean: got \"[true; false]\"; allowed: true or false"},
      {"mean = \"yes\"", 2, "--mean: got \"yes\"; allowed: true or false"},
      {"threads = [1, 2]", 2, "--threads: got \"1,2\""},
      {"world = [\"kirby3x3\", \"bars4x4\"]", 2, "--world: got \"kirby3x3,bars4x4\""},
      {"save-parameters = [\"all,none\", \"all\"]", 2, "got \"[all,none; all]\"; allowed: one"},
      {"stpes = 1", 2, "config: got \"stpes\"; allowed: the long names"},
      {"stpes = 1", 2, "did you mean steps?"},
      {"[swep]\nlr = 0.1", 2, "got \"[swep]\"; allowed: the command's section, [sweep]"},
      {"lr = {a = 1}", 2, "got \"[lr]\"; allowed: the command's section, [sweep]"},
      {"swep.lr = 0.1", 2, "got \"[swep]\"; allowed: the command's section, [sweep]"},
      {"out = \"x\"", 2, "allowed: --out on the command line alone"},
  };
  for (const auto& refusal : refusals) {
    SCOPED_TRACE(refusal.text);
    const auto ran = sweep(refusal.text);
    EXPECT_EQ(ran.exit_code, refusal.exit_code);
    EXPECT_THAT(ran.err, HasSubstr(refusal.message));
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(std::filesystem::exists(run_));
  }
}

TEST_F(ConfigFile, TrainTakesOneValueOfEach) {
  std::ofstream(folder_.path() / "c.toml") << "layers = [\"1,6,9\", \"1,8,9\"]\n";
  const auto ran = run_program({"train", "--config", "c.toml"}, folder_.path());
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--layers: got \"[1,6,9; 1,8,9]\"; allowed: one value"));
}

}  // namespace
}  // namespace helmholtz::testing
