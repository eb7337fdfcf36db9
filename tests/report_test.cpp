#include <gtest/gtest.h>

#include "report/draw.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {
namespace {

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
  EXPECT_EQ(clock(7), "0:07");
  EXPECT_EQ(clock(11'045), "3:04:05");
  EXPECT_EQ(clock(1e30), clock(1e9));
}

}  // namespace
}  // namespace helmholtz::report
