// Names that users give files: long ones are written, and none reaches a terminal as it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/json.hpp"
#include "support/refusal.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

/// Control characters of a text but newlines; U+009B counts by its second byte.
std::size_t controls(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\n') || byte == 0x7F || byte == 0x9B;
  }));
}

const std::string kHostile =
    "a\x1b]0;title\x07\xc2\x9b"
    "31m\x7f";

class Names : public ::testing::Test {
 protected:
  /// Runs the program, whose output has no control character. @return all of it
  std::string run(const Arguments& arguments, int exit_code) const {
    const auto ran = run_program(arguments, folder_.path());
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    EXPECT_EQ(controls(ran.out), 0U) << arguments[0] << ": " << ran.out;
    EXPECT_EQ(controls(ran.err), 0U) << arguments[0] << ": " << ran.err;
    return ran.out + ran.err;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files_in(folder_.path())) names.push_back(name);
    return names;
  }

  TemporaryDirectory folder_;
};

TEST_F(Names, ReachNoTerminalAsTheyAre) {
  std::ofstream(folder_.path() / kHostile) << "01\n10\n";
  const auto world = "file:" + kHostile;
  EXPECT_THAT(run({"worlds", world}, 0), HasSubstr("file:a?]0;title??31m?"));
  const auto out = kHostile + "-run";
  const Arguments sweep = {"sweep", "--world", world, "--layers", "1,2", "--seeds",
                           "0:3",   "--steps", "2",   "--out",    out};
  EXPECT_THAT(run(sweep, 0), HasSubstr("results: a?]0;title??31m?-run"));
  run({"status", out}, 0);
  const auto shards = folder_.path() / out / "shards";
  std::ofstream(shards / kHostile) << "?";
  run({"verify", out}, 0);
  run({"report", out}, 0);
  std::ofstream(shards / "00000000.h5") << "?";
  run({"status", out}, 0);
  run({"verify", out}, 65);
  run({"replay", out, "--machine", "0"}, 65);
}

TEST_F(Names, AreEscapedInJson) {
  std::filesystem::create_directory(folder_.path() / kHostile);
  ASSERT_EQ(run_program({"sweep", "--seeds", "0:3", "--steps", "2", "--quiet", "--out", kHostile},
                        folder_.path())
                .exit_code,
            0);
  const auto text = run({"report", kHostile, "--json", "--quiet"}, 0);
  EXPECT_EQ(Json::parse(text)["report"], kHostile + "/report.html");
}

TEST_F(Names, AreNoEscapeInMessages) {
  run({"train", "--" + kHostile}, 2);
  run({kHostile}, 2);
  run({"train", kHostile}, 2);
  run({"train", "--world", kHostile}, 2);
  run({"train", "--seed", kHostile}, 2);
  run({"sweep", "--seeds", kHostile, "--dry-run"}, 2);
  run({"sweep", "--shard", kHostile, "--dry-run"}, 2);
  run({"train", "--from", kHostile}, 66);
  run({"reproduce", kHostile, "--out", "x"}, 2);
  run({"status", kHostile}, 66);
  std::ofstream(folder_.path() / "key.toml") << "\"a\\u001b[2J\" = 1\n";
  run({"train", "--config", "key.toml"}, 2);
}

TEST_F(Names, OfTheGreatestLengthAreWritten) {
  const std::string longest(255, 'n');
  run({"train", "--steps", "1", "--save", longest}, 0);
  run({"train", "--steps", "1", "--from", longest, "--save", longest}, 0);
  EXPECT_EQ(files(), std::vector{longest});
  std::string umlauts;
  while (umlauts.size() < 254) umlauts += "\xc3\xa4";
  run({"train", "--steps", "1", "--save", umlauts}, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / umlauts));
  const std::string folder(255, 'r');
  run({"sweep", "--seeds", "0:3", "--steps", "2", "--quiet", "--out", folder}, 0);
  run({"export", folder, "--out", std::string(255, 'e')}, 0);
  run({"report", folder, "--out", std::string(255, 'h')}, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / std::string(255, 'e')));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / std::string(255, 'h')));
}

TEST_F(Names, ThatAreTooLongAreRefusedBeforeTraining) {
  const std::string name(256, 'n');
  const auto ran =
      run_program({"train", "--steps", "1000000000000", "--save", name}, folder_.path());
  EXPECT_EQ(ran.exit_code, 73);
  EXPECT_THAT(ran.err, NamesFile(name));
  EXPECT_EQ(files(), std::vector<std::string>{});
}

}  // namespace
}  // namespace helmholtz::testing
