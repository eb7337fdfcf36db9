// What a rank trains with, by its place among those of its host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/limits.hpp"
#include "helmholtz/error.hpp"
#include "hosts/rank_work.hpp"
#include "support/small_sweep.hpp"

namespace helmholtz::hosts {
namespace {

using ::testing::ElementsAre;

std::vector<int> devices_of(int ranks, const std::vector<int>& devices) {
  std::vector<int> taken;
  for (int rank = 0; rank < ranks; ++rank) {
    taken.push_back(device_of_rank(devices, {.rank = 41 + rank, .local_rank = rank}));
  }
  return taken;
}

TEST(DeviceOfRank, IsItsOwnAsLongAsThereAreEnough) {
  EXPECT_THAT(devices_of(4, {0, 1, 2, 3}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(devices_of(2, {3, 1, 2}), ElementsAre(3, 1));
}

TEST(DeviceOfRank, IsSharedByAsFewRanksAsPossible) {
  EXPECT_THAT(devices_of(5, {7, 2}), ElementsAre(7, 2, 7, 2, 7));
}

TEST(DeviceOfRank, IsRefusedWhereThereIsNone) { EXPECT_THROW(devices_of(1, {}), NoDevice); }

int threads_of(int local_ranks, int local_cores, int asked = 0) {
  auto spec = testing::two_configurations();
  spec.threads = asked;
  return threads_of_rank(spec, {.local_ranks = local_ranks, .local_cores = local_cores});
}

TEST(ThreadsOfRank, AreThoseThatWereAskedFor) { EXPECT_EQ(threads_of(8, 2, 5), 5); }

TEST(ThreadsOfRank, AreAShareOfWhatOneProcessWouldTake) {
  const int all = limits::default_threads().count;
  for (int ranks = 1; ranks <= 2 * all; ++ranks) {
    const int each = threads_of(ranks, all);
    EXPECT_GE(each, 1);
    EXPECT_LE(each * ranks, std::max(all, ranks)) << ranks << " ranks";
    EXPECT_GT((each + 1) * ranks, all) << ranks << " ranks leave a core to nobody";
  }
}

/// Ranks that a launcher binds see fewer cores than their host has.
TEST(ThreadsOfRank, AreNoMoreThanThisProcessMayUse) {
  EXPECT_EQ(threads_of(1, 100'000), limits::default_threads().count);
}

}  // namespace
}  // namespace helmholtz::hosts
