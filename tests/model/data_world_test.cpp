// The rows of a data set as a world: what backends draw from, and what is left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "support/random_data.hpp"
#include "support/worlds.hpp"

namespace helmholtz {
namespace {

using testing::error_of;
using testing::random_data;

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(DataWorld, IsTheRowsAsTheyAre) {
  const auto data = random_data(45, 6);
  const auto world = data_world(data);
  EXPECT_TRUE(world.is_data());
  EXPECT_TRUE(world.is_loaded());
  EXPECT_FALSE(world.is_grey());
  EXPECT_EQ(world.size(), 6U);
  EXPECT_EQ(world.words().data(), data->train.words().data());  // shared, not copied
  EXPECT_EQ(world.words_per_pattern(), 2U);
  EXPECT_EQ(testing::drawn(world, 0), testing::drawn(world, 5));
  EXPECT_THAT(world.probabilities(), IsEmpty());
  EXPECT_TRUE(std::isnan(world.entropy()));
  const auto marginals = data->train.marginals();
  EXPECT_TRUE(std::ranges::equal(world.marginals(), marginals));
}

// N word * / 2^32 rounded as the contract says: word w draws the row k for which
// k/N <= (w + 1/2) / 2^32 < (k+1)/N, since no threshold is a half.
TEST(DataWorld, EveryRowIsAsLikely) {
  for (const std::uint64_t rows : {1, 2, 3, 7, 1000, 65'537, 3'000'001}) {
    const auto world = data_world(random_data(1, rows));
    const auto thresholds = world.thresholds();
    ASSERT_EQ(thresholds.size(), rows - 1);
    for (std::uint64_t k = 0; k + 1 < rows; k += 1 + rows / 999) {
      const auto row_of = [&](std::uint64_t word) { return ((2 * word + 1) * rows) >> 33U; };
      ASSERT_EQ(row_of(thresholds[k]), k + 1) << rows;
      ASSERT_EQ(row_of(thresholds[k] - 1), k) << rows;
    }
  }
}

// Ten million rows of MNIST's size: a gigabyte of bits, and thresholds of 4 bytes per row.
TEST(DataWorld, MemoryIsArithmetic) {
  EXPECT_EQ(bytes_of(10'000'000, 784), 1'000'000'000U);
  const auto data = random_data(784, 100);
  EXPECT_EQ(data->train.words().size_bytes(), bytes_of(100, 784));
  EXPECT_EQ(data_world(data).thresholds().size_bytes(), 4U * 99);
}

TEST(DataWorld, MayBeKnownWithoutItsRows) {
  const World world("mnist.h5", {28, 28}, DataRows{.digest = 7, .count = 60'000});
  EXPECT_TRUE(world.is_data());
  EXPECT_FALSE(world.is_loaded());
  EXPECT_FALSE(world.is_grey());
  EXPECT_EQ(world.size(), 60'000U);
  EXPECT_EQ(world.visible_units(), 784);
  EXPECT_THAT(world.thresholds(), IsEmpty());
}

TEST(DataWorld, Refuses) {
  const auto data = random_data(12, 5);
  const std::shared_ptr<const Rows> rows(data, &data->train);
  const auto error = [&](ImageShape shape, std::size_t count) {
    return error_of([&] { World("w", shape, DataRows{.count = count, .rows = rows}); });
  };
  EXPECT_THAT(error({3, 5}, 5), HasSubstr("images of 3 x 5"));
  EXPECT_THAT(error({3, 4}, 4), HasSubstr("4 rows"));
  EXPECT_EQ(error({3, 4}, 5), "nothing thrown");
  EXPECT_THAT(error_of([] {
                World("w", {1, 1}, DataRows{.count = 1ULL << 31U});
              }),
              HasSubstr("1 to 2147483647 rows"));
  const auto world = data_world(data);
  EXPECT_THAT(error_of([&] { distribution_from_counts(world, {}, 1); }), HasSubstr("enumerable"));
  EXPECT_THAT(error_of([&] {
                exact_kl(Topology({1, 12}), world, {}, {});
              }),
              HasSubstr("enumerable"));
}

}  // namespace
}  // namespace helmholtz
