// Numbers, quantiles and pictures in text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "report/distribution.hpp"
#include "report/draw.hpp"
#include "report/numbers.hpp"
#include "support/not_finite.hpp"

namespace helmholtz::report {
namespace {

using testing::kInfinity;

using ::testing::DoubleEq;
using ::testing::HasSubstr;
using ::testing::Pointwise;

TEST(Quantiles, AreNumPys) {
  const auto d = describe({4, 1, 3, 2});
  EXPECT_THAT(d.quantiles, Pointwise(DoubleEq(), {1.0, 1.15, 1.75, 2.5, 3.25, 3.85, 4.0}));
  EXPECT_EQ(d.mean, 2.5);
  EXPECT_DOUBLE_EQ(d.sd, std::sqrt(5.0 / 3));
  EXPECT_EQ(d.n, 4U);
}

TEST(Quantiles, OfOneNoneAndInfinity) {
  EXPECT_EQ(describe({7}).quantiles[kMedian], 7);
  EXPECT_TRUE(std::isnan(describe({7}).sd));
  EXPECT_TRUE(std::isnan(describe({}).quantiles[kMedian]));
  EXPECT_TRUE(std::isnan(describe({}).mean));
  const auto d = describe({kInfinity, 1, kInfinity});
  EXPECT_EQ(d.quantiles[kMin], 1);
  EXPECT_EQ(d.quantiles[kQ25], kInfinity);
  EXPECT_EQ(d.quantiles[kMax], kInfinity);
  EXPECT_EQ(d.mean, kInfinity);
  EXPECT_TRUE(std::isnan(d.sd));
}

TEST(Draw, PutsPatternsSideBySide) {
  const std::vector<Drawing> drawings = {{.bits = {1, 0, 0, 1}, .caption = "a"},
                                         {.bits = {0, 0, 1, 1}, .caption = "long"},
                                         {.bits = {1, 1, 0, 0}, .caption = ""}};
  EXPECT_EQ(draw_patterns(drawings, {.rows = 2, .columns = 2}, 12),
            "# ·    · ·\n· #    # #\na      long\n\n# #\n· ·\n");
}

TEST(Draw, KeepsARowInOneLine) {
  const std::vector<Drawing> drawings = {{.bits = {1, 0, 1}, .caption = ""}};
  EXPECT_EQ(draw_patterns(drawings, {.rows = 1, .columns = 3}, 1), "#·#\n");
}

TEST(Draw, PutsThePixelsOfWideImagesTogether) {
  const std::vector<Drawing> narrow = {{.bits = std::vector<std::uint8_t>(32, 1), .caption = ""}};
  EXPECT_EQ(draw_patterns(narrow, {.rows = 2, .columns = 16}, 80).substr(0, 4), "# # ");
  const std::vector<Drawing> wide = {{.bits = std::vector<std::uint8_t>(34, 1), .caption = ""}};
  EXPECT_EQ(draw_patterns(wide, {.rows = 2, .columns = 17}, 80).substr(0, 4), "####");
}

TEST(Numbers, AreShort) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "shard"), "1 shard");
  EXPECT_EQ(counted(1234, "machine"), "1,234 machines");
  EXPECT_EQ(bytes(0), "0 B");
  EXPECT_EQ(bytes(1536 * 1024), "1.5 MiB");
  EXPECT_EQ(bytes(2e11), "186 GiB");
  EXPECT_EQ(scaled(950), "950");
  EXPECT_EQ(scaled(12'340), "12.3 k");
  EXPECT_EQ(scaled(2.01e10), "20.1 G");
  EXPECT_EQ(decimal(0.21895), "0.2190");
  EXPECT_EQ(decimal(-1e-15), "0.0000");
  EXPECT_EQ(decimal(-0.25), "-0.2500");
  EXPECT_EQ(decimal(999.99999), "1000.0");
  EXPECT_EQ(decimal(99999.9), "1.00e+05");
  EXPECT_EQ(decimal(-kInfinity), "-inf");
  EXPECT_EQ(decimal(std::nan("")), "-");
  EXPECT_EQ(clock(7), "0:07");
  EXPECT_EQ(clock(11'045), "3:04:05");
  EXPECT_EQ(clock(1e30), clock(1e9));
}

TEST(FanChart, ShowsTheMedianFalling) {
  const auto chart =
      fan_chart({describe({2, 2, 2}), describe({1, 1, 1})}, {.low = 0, .high = 2}, "10", "20");
  EXPECT_THAT(chart, HasSubstr("  2.000 ┤██████████████████████████████          "));
  EXPECT_THAT(chart, HasSubstr("10"));
  EXPECT_EQ(fan_chart({describe({})}, {}, "10", "20"), "");
}

}  // namespace
}  // namespace helmholtz::report
