// The seeds of a sweep.
#include <gtest/gtest.h>

#include "helmholtz/sweep.hpp"
#include "support/field_of.hpp"

namespace helmholtz {
namespace {

using testing::field_of;

TEST(Seeds, AreRangesInTheirOrder) {
  const auto seeds = SeedSet::parse("7,100:103,18446744073709551615");
  ASSERT_EQ(seeds.size(), 5U);
  EXPECT_EQ(seeds[0], 7U);
  EXPECT_EQ(seeds[1], 100U);
  EXPECT_EQ(seeds[3], 102U);
  EXPECT_EQ(seeds[4], 18446744073709551615U);
  EXPECT_EQ(seeds.to_string(), "7,100:103,18446744073709551615");
  EXPECT_EQ(SeedSet::parse("0:1099511627776").size(), SeedSet::kMaxSeeds);
}

TEST(Seeds, RejectsWhatIsNoSeed) {
  for (const auto* text : {"",
                           ",",
                           "1,",
                           ":",
                           "1:",
                           ":5",
                           "5:5",
                           "5:4",
                           "0:0",
                           "-1",
                           "0:-1",
                           "-3:4",
                           "1.5",
                           "1e3",
                           "0x10",
                           " 1",
                           "1 ",
                           "a",
                           "1:2:3",
                           "18446744073709551616",
                           "0:18446744073709551616",
                           "0:1099511627777",
                           "0:1099511627776,1099511627776",
                           "1,1",
                           "0:10,9",
                           "5:8,0:6",
                           "+1"}) {
    EXPECT_EQ(field_of([&] { SeedSet::parse(text); }), "seeds") << text;
  }
}

TEST(Seeds, KnowWhatTheyExtend) {
  const auto begins = [](const char* more, const char* fewer) {
    return SeedSet::parse(more).begins_with(SeedSet::parse(fewer));
  };
  EXPECT_TRUE(begins("0:10", "0:10"));
  EXPECT_TRUE(begins("0:11", "0:10"));
  EXPECT_TRUE(begins("0:5,5:20,3000", "0:7"));
  EXPECT_TRUE(begins("0:7,100", "0,1,2:7"));
  EXPECT_FALSE(begins("0:10", "0:11"));
  EXPECT_FALSE(begins("1:11", "0:10"));
  EXPECT_FALSE(begins("0:5,6:20", "0:7"));
  EXPECT_FALSE(begins("0:20", "0:5,7"));
}

}  // namespace
}  // namespace helmholtz
