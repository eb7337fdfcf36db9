#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

double bits(double nats) { return nats / std::log(2.0); }

/// Entropy in bits of a pixel that is on with probability p.
double pixel_entropy(double p) { return -p * std::log2(p) - (1 - p) * std::log2(1 - p); }

std::string drawn(const World& world, std::size_t k) {
  std::string text;
  for (int unit = 0; unit < world.visible_units(); ++unit) text += world.bit(k, unit) ? '1' : '0';
  return text;
}

std::vector<World> named_worlds() {
  std::vector<World> worlds;
  for (const auto& info : list_worlds()) {
    if (info.name != "file:PATH") worlds.push_back(make_world(info.name));
  }
  return worlds;
}

TEST(Worlds, AreDistributions) {
  for (const auto& world : named_worlds()) {
    SCOPED_TRACE(world.name());
    const auto p = world.probabilities();
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1.0, 1e-14);
    EXPECT_EQ(world.cumulative().back(), 1.0);
    EXPECT_EQ(world.shape().rows * world.shape().columns, world.visible_units());
    ASSERT_EQ(world.thresholds().size(), world.size() - 1);
    double cdf = 0;
    for (std::size_t k = 0; k + 1 < world.size(); ++k) {
      EXPECT_GT(p[k], 0);
      cdf += p[k];
      EXPECT_NEAR(static_cast<double>(world.thresholds()[k]), cdf * 0x1p32, 1.0);
    }
  }
}

TEST(Worlds, Kirby3x3) {
  const auto world = make_world("kirby3x3");
  EXPECT_EQ(world.size(), 12U);
  EXPECT_NEAR(world.entropy(), 2.4283, 5e-5);
  // A vertical line covers a pixel in 3 of its 6 patterns, and so does a horizontal one.
  for (const double marginal : world.marginals()) EXPECT_NEAR(marginal, 0.5, 1e-15);
  EXPECT_EQ(world.thresholds()[0], 477218588U);  // 2^32 / 9
}

TEST(Worlds, Bars4x4) {
  const auto world = make_world("bars4x4");
  EXPECT_EQ(world.size(), 30U);
  // Orientation and four bars, less the orientation where it cannot be seen: all off, all on.
  const double orientation = pixel_entropy(2.0 / 3.0);
  const double hidden = std::pow(0.8, 4) + std::pow(0.2, 4);
  EXPECT_NEAR(bits(world.entropy()), orientation * (1 - hidden) + 4 * pixel_entropy(0.2), 1e-13);
  EXPECT_NEAR(bits(world.entropy()), 3.428, 5e-4);
  for (const double marginal : world.marginals()) EXPECT_NEAR(marginal, 0.2, 1e-15);
  EXPECT_EQ(drawn(world, 0), "0000000000000000");
  EXPECT_NEAR(world.probabilities()[0], std::pow(0.8, 4), 1e-15);
  EXPECT_EQ(drawn(world, 1), "1000100010001000");
  EXPECT_NEAR(world.probabilities()[1], 2.0 / 3.0 * 0.2 * std::pow(0.8, 3), 1e-15);
  EXPECT_EQ(drawn(world, 16), "1111000000000000");
  EXPECT_NEAR(world.probabilities()[16], 1.0 / 3.0 * 0.2 * std::pow(0.8, 3), 1e-15);
}

TEST(Worlds, Shifter) {
  const auto world = make_world("shifter");
  EXPECT_EQ(world.visible_units(), 32);
  EXPECT_EQ(world.size(), 508U);
  // Eight pixels and a direction, less the direction where it cannot be seen: rows of period two.
  const double hidden = std::pow(0.8, 8) + std::pow(0.2, 8) + 2 * std::pow(0.2 * 0.8, 4);
  EXPECT_NEAR(bits(world.entropy()), 8 * pixel_entropy(0.2) + 1 - hidden, 1e-12);
  for (const double marginal : world.marginals()) EXPECT_NEAR(marginal, 0.2, 1e-14);
  EXPECT_EQ(drawn(world, 1), "10000000100000000100000001000000");
  EXPECT_EQ(drawn(world, 256), "10000000100000000000000100000001");
  EXPECT_NEAR(world.probabilities()[256], 0.5 * 0.2 * std::pow(0.8, 7), 1e-15);
}

TEST(Worlds, SharesBelowTheSmallestDoubleDrop) {
  const World world("tiny", {.rows = 1, .columns = 1},
                    {{.bits = {0}, .weight = 1e300}, {.bits = {1}, .weight = 1e-300}});
  EXPECT_EQ(world.size(), 1U);
  EXPECT_EQ(world.entropy(), 0.0);
}

/// What f throws, as "exit code: message".
template <class F>
std::string error_of(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
  return "nothing thrown";
}

TEST(Worlds, UnknownNamesListTheWorlds) {
  const auto near = error_of([] { make_world("bars4x"); });
  EXPECT_EQ(
      near,
      "2: world: got \"bars4x\"; allowed: kirby3x3, bars4x4, shifter, file:PATH; did you mean "
      "bars4x4?");
  for (const char* spec : {"", "file:", "something else"}) {
    EXPECT_THAT(error_of([&] { make_world(spec); }),
                AllOf(HasSubstr("2: world: got"), HasSubstr("shifter, file:PATH"),
                      Not(HasSubstr("did you mean"))));
  }
}

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

TEST_F(PatternFile, TakesTheWidestVisibleLayer) {
  std::string line;
  for (int i = 0; i < Topology::kMaxUnits; ++i) line += i == 0 ? "1" : ", 0";
  EXPECT_EQ(world(line + "\n").visible_units(), Topology::kMaxUnits);
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
      {"10|0\n01|0\n", "the weights add up to 0; allowed: a finite total above 0"},
      {"10|1e308\n01|1e308\n", "the weights add up to inf; allowed"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error(c.content), AllOf(HasSubstr("65: "), HasSubstr("patterns.txt: " + c.message)))
        << ::testing::PrintToString(c.content);
  }
}

TEST_F(PatternFile, FailsEarlyOnEndlessLines) {
  EXPECT_THAT(error("10\n" + std::string(std::size_t{1} << 20, '1')),
              HasSubstr("line 2 is longer than 196608 bytes; allowed: at most 65536 units"));
  EXPECT_THAT(error_of([] { make_world("file:/dev/zero"); }),
              HasSubstr("65: /dev/zero: line 1 is longer than 196608 bytes"));
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
