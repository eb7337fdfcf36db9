// --config: what its lists mean, and what is refused with the line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/process.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
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
  EXPECT_THAT(ran.err, Refuses("--lr", "1e-06"));
}

struct Refusal {
  std::string text;
  int exit_code;
  ::testing::Matcher<const std::string&> err;
};

TEST_F(ConfigFile, RefusesTheRestInOneLine) {
  std::string deep;
  for (int i = 0; i < 60'000; ++i) deep += "a.";
  const auto line = [](int number) { return NamesFile(fmt::format("c.toml: line {}", number)); };
  const std::vector<Refusal> refusals = {
      {"lr = 0.1\nlr = 0.2", 65, line(2)},
      {"[sweep]\nlr = 1\n[train]\n[sweep]\nlr = 2", 65, line(4)},
      {"lr", 65, line(1)},
      {"= 0.1", 65, line(1)},
      {"# none\n\nlr =", 65, line(3)},
      {"lr = 0.1, 0.2", 65, line(1)},
      {"lr = [0.1,,0.2]", 65, line(1)},
      {"lr = [0.1,\n", 65, line(1)},
      {"lr = \"0.1\nbatch = 2\"", 65, line(1)},
      {"world = kirby3x3", 65, line(1)},
      {"[sweep\nlr = 0.1", 65, line(1)},
      {"[[sweep]]\nlr = 0.1", 65, line(1)},
      {"\nlr = 1979-05-27", 65, line(2)},
      {deep + "b = 1", 65, line(1)},
      {"[" + deep + "b]", 65, line(1)},
      {"threads = 18446744073709551615", 65, line(1)},
      {"layers = [[[1, 6, 9]]]", 65, line(1)},
      {"lr = []", 2, Refuses("--lr", "an empty list")},
      {"backend = []", 2, Refuses("--backend", "an empty list")},
      {"mean = []", 2, Refuses("--mean", "an empty list")},
      {"layers = [[]]", 2, Refuses("--layers", "")},
      {"lr = [[0.1, 0.2]]", 2, Refuses("--lr", "[0.1,0.2]")},
      {"lr = [0.1, true]", 2, Refuses("--lr", "true")},
      {"lr = \"\"", 2, Refuses("--lr", "")},
      {"lr = [0.1, \"\"]", 2, Refuses("--lr", "")},
      {"batch = -1", 2, Refuses("--batch", "-1")},
      {"mean = [true, false]", 2, Refuses("--mean", "[true; false]")},
      {"mean = \"yes\"", 2, Refuses("--mean", "yes")},
      {"threads = [1, 2]", 2, Refuses("--threads", "1,2")},
      {"world = [\"kirby3x3\", \"bars4x4\"]", 2, Refuses("--world", "kirby3x3,bars4x4")},
      {"save-parameters = [\"all,none\", \"all\"]", 2,
       Refuses("--save-parameters", "[all,none; all]")},
      {"stpes = 1", 2, AllOf(Refuses("--config", "stpes"), HasSubstr("steps"))},
      {"[swep]\nlr = 0.1", 2, AllOf(Refuses("--config", "[swep]"), HasSubstr("[sweep]"))},
      {"lr = {a = 1}", 2, Refuses("--config", "[lr]")},
      {"swep.lr = 0.1", 2, Refuses("--config", "[swep]")},
      {"out = \"x\"", 2, Refuses("--config", "out")},
  };
  for (const auto& refusal : refusals) {
    SCOPED_TRACE(refusal.text);
    const auto ran = sweep(refusal.text);
    EXPECT_EQ(ran.exit_code, refusal.exit_code);
    EXPECT_THAT(ran.err, refusal.err);
    EXPECT_EQ(lines_of(ran.err).size(), 1U) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_FALSE(std::filesystem::exists(run_));
  }
}

TEST_F(ConfigFile, TrainTakesOneValueOfEach) {
  std::ofstream(folder_.path() / "c.toml") << "layers = [\"1,6,9\", \"1,8,9\"]\n";
  const auto ran = run_program({"train", "--config", "c.toml"}, folder_.path());
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, Refuses("--layers", "[1,6,9; 1,8,9]"));
}

}  // namespace
}  // namespace helmholtz::testing
