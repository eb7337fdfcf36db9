// Worlds from files: what is read, and how what is not is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "helmholtz/topology.hpp"
#include "support/worlds.hpp"

namespace helmholtz {
namespace {

using testing::drawn;
using testing::error_of;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PatternFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(::testing::TempDir()) / (std::string("worlds_") + info->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string spec(const std::string& content) {
    std::ofstream(folder_ / "patterns.txt", std::ios::binary) << content;
    return "file:" + (folder_ / "patterns.txt").string();
  }

  World world(const std::string& content) { return make_world(spec(content)); }

  std::string error(const std::string& content) {
    return error_of([&] { world(content); });
  }

  std::filesystem::path folder_;
};

TEST_F(PatternFile, MergesEqualPatternsAndNormalises) {
  const auto world = this->world("# a comment\n1010\n\n0 1 0 1 | 2.5\n1, 0, 1,0\t0.5\n1111|0\n");
  ASSERT_EQ(world.size(), 2U);
  EXPECT_EQ(drawn(world, 0), "1010");
  EXPECT_EQ(drawn(world, 1), "0101");
  EXPECT_THAT(world.probabilities(), ElementsAre(0.375, 0.625));
  EXPECT_THAT(world.thresholds(), ElementsAre(0x60000000U));
  EXPECT_EQ(world.shape().rows, 2);
  EXPECT_EQ(world.shape().columns, 2);
  EXPECT_TRUE(world.name().starts_with("file:"));
}

TEST_F(PatternFile, TakesForeignLineEndsAndNoneAtTheEnd) {
  const auto world = this->world("10101\r\n\r\n01010|1e0\r\n00000");
  EXPECT_EQ(world.size(), 3U);
  EXPECT_EQ(world.shape().rows, 1);
  EXPECT_EQ(world.shape().columns, 5);
}

TEST_F(PatternFile, TakesWhatOtherProgramsWrite) {
  struct Case {
    std::string content;
    std::vector<std::string> patterns;
  };
  const std::vector<Case> cases = {
      {"1.000000000000000000e+00 0.000000000000000000e+00\n", {"10"}},
      {"0.0,1.0,-0.0\n1,0,1.\n", {"010", "101"}},
      {"1e0 0E+0\n", {"10"}},
      {"\xEF\xBB\xBF"
       "011\n",
       {"011"}},
      {"\xEF\xBB\xBF# a comment\n01\n", {"01"}},
      {"\xEF\xBB\xBF"
       "01\r\n10\r\n",
       {"01", "10"}},
      {"  # indented\n\t# by a tab\n01\n", {"01"}},
      {"01 \t\r\n10\t\r\n \t\r\n\n\n", {"01", "10"}},
      {"01\t3\t\n10|\t1 \n", {"01", "10"}},
  };
  for (const auto& c : cases) {
    const auto world = this->world(c.content);
    std::vector<std::string> patterns;
    for (std::size_t k = 0; k < world.size(); ++k) patterns.push_back(drawn(world, k));
    EXPECT_EQ(patterns, c.patterns) << ::testing::PrintToString(c.content);
  }
  EXPECT_THAT(world("01\t3\t\n10|\t1 \n").probabilities(), ElementsAre(0.75, 0.25));
}

// A weight after a tab, unless it may be a second unit.
TEST_F(PatternFile, RefusesATabThatMayStandBetweenUnits) {
  EXPECT_THAT(world("0\t0.25\n1\t3\n").probabilities(), ElementsAre(0.25 / 3.25, 3 / 3.25));
  EXPECT_THAT(world("0 | 1\n1 | 1\n").probabilities(), ElementsAre(0.5, 0.5));
  EXPECT_THAT(world("01\t1\n10\t1\n").probabilities(), ElementsAre(0.5, 0.5));
  for (const auto* content : {"0\t1\n", "1.0\t0.0\n", "0\t0\r\n"}) {
    EXPECT_THAT(error(content),
                AllOf(HasSubstr("65: "), HasSubstr("line 1, column"), HasSubstr("two units")))
        << content;
  }
  EXPECT_THAT(error("10 | 2\n0\t1\n"), AllOf(HasSubstr("line 2, column 2: got 0 and 1"),
                                             HasSubstr("\"0 1\""), HasSubstr("\"0 | 1\"")));
}

TEST_F(PatternFile, TakesTheWidestVisibleLayer) {
  std::string line;
  std::string numbers;
  for (int i = 0; i < Topology::kMaxUnits; ++i) {
    line += i == 0 ? "1" : ", 0";
    numbers += "1.000000000000000000e+00, ";
  }
  EXPECT_EQ(world(line + "\n").visible_units(), Topology::kMaxUnits);
  EXPECT_EQ(world(numbers.substr(0, numbers.size() - 2)).visible_units(), Topology::kMaxUnits);
  EXPECT_THAT(error(line + ", 1\n"), HasSubstr("65: "));
  EXPECT_THAT(error(std::string(Topology::kMaxUnits + 1, '0')),
              HasSubstr("line 1 has 65537 units; allowed: at most 65536"));
}

TEST_F(PatternFile, NamesThePlaceOfBadData) {
  struct Case {
    std::string content;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"", "holds no pattern; allowed: one or more lines of 0/1"},
      {"# nothing\n\n", "holds no pattern"},
      {"10\n101\n", "line 2 has 3 units; allowed: 2, as the first pattern has"},
      {"10\n1 2\n", "line 2, column 3: got \"2\"; allowed: 0 and 1"},
      {"10 # no\n", "line 1, column 4: got \"#\"; allowed: 0 and 1"},
      {std::string("10\n1\0", 5), "line 2, column 2: got byte 0x00; allowed: 0 and 1"},
      {"\x7f"
       "ELF\x02",
       "line 1, column 1: got byte 0x7f; allowed: 0 and 1"},
      {"1\r0\n", "line 1, column 2: got byte 0x0d; allowed: 0 and 1"},
      {",1\n", "line 1, column 1: got \",\"; allowed"},
      {"1,,1\n", "line 1, column 3: got \",\"; allowed"},
      {"1,1, \n", "line 1, column 4: got a last \",\"; allowed: 0 or 1 after a comma"},
      {"  | 3\n", "line 1, column 1: got no units"},
      {"10|\n", "line 1, column 4: got weight \"\"; allowed: a finite number, 0 or more"},
      {"10| -1\n", "line 1, column 5: got weight \"-1\"; allowed"},
      {"10|nan\n", "line 1, column 4: got weight \"nan\"; allowed"},
      {"10|inf\n", "line 1, column 4: got weight \"inf\"; allowed"},
      {"10|1e999\n", "line 1, column 4: got weight \"1e999\"; allowed"},
      {"10\t1|2\n", "line 1, column 4: got weight \"1|2\"; allowed"},
      {"0\t1\t1\n", "line 1, column 4: got a second tab"},
      {"01\t2\t3\n", "line 1, column 5: got a second tab"},
      {"10|\x1b[31m\n", "line 1, column 4: got weight \"?[31m\"; allowed"},
      {"0 0.5\n", "line 1, column 3: got \"0.5\"; allowed: 0 and 1"},
      {"01 10.0\n", "line 1, column 4: got \"10.0\"; allowed: 0 and 1"},
      {"01.0\n", "line 1, column 1: got \"01.0\"; allowed: 0 and 1"},
      {"1 -1.0\n", "line 1, column 3: got \"-1.0\"; allowed: 0 and 1"},
      {"1 1e999\n", "line 1, column 3: got \"1e999\"; allowed: 0 and 1"},
      {"0110210\n", "line 1, column 5: got \"2\"; allowed: 0 and 1"},
      {"# names\nx1,x2\n0,1\n", "line 2, column 1: got \"x1,x2\"; allowed: 0 and 1"},
      {"\"a\", \"b\"\n", "line 1, column 1: got \"\"a\", \"b\"\"; allowed: 0 and 1"},
      {"01\nx\n", "line 2, column 1: got \"x\"; allowed: 0 and 1"},
      {std::string("\xFF\xFE\x30\x00", 4), "line 1 begins as UTF-16 text does; allowed: ASCII"},
      {"0\x1b[31m1\n", "line 1, column 2: got byte 0x1b; allowed: 0 and 1"},
      {"10|0\n01|0\n", "the weights add up to 0; allowed: a finite total above 0"},
      {"10|1e308\n01|1e308\n", "the weights add up to inf; allowed"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error(c.content), AllOf(HasSubstr("65: "), HasSubstr("patterns.txt: " + c.message)))
        << ::testing::PrintToString(c.content);
  }
}

TEST_F(PatternFile, FailsEarlyOnEndlessLines) {
  EXPECT_THAT(error("10\n" + std::string(std::size_t{1} << 21, '1')),
              HasSubstr("line 2 is longer than 1703936 bytes; allowed: at most 65536 units"));
  EXPECT_THAT(error_of([] { make_world("file:/dev/zero"); }),
              HasSubstr("65: /dev/zero: line 1 is longer than 1703936 bytes"));
}

TEST_F(PatternFile, MissingFilesAndFoldersAreNoInput) {
  const auto folder = folder_.string();
  EXPECT_EQ(error_of([&] { make_world("file:" + folder); }),
            "66: " + folder + ": is a directory; allowed: a file of patterns");
  EXPECT_EQ(error_of([&] { make_world("file:" + folder + "/none"); }),
            "66: " + folder + "/none: No such file or directory");
}

}  // namespace
}  // namespace helmholtz
