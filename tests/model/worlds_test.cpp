#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "support/worlds.hpp"

namespace helmholtz {
namespace {

using testing::drawn;
using testing::error_of;

using ::testing::AllOf;
using ::testing::HasSubstr;

double bits(double nats) { return nats / std::log(2.0); }

/// Entropy in bits of a pixel that is on with probability p.
double pixel_entropy(double p) { return -p * std::log2(p) - (1 - p) * std::log2(1 - p); }

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

}  // namespace
}  // namespace helmholtz
