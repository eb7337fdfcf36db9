// The dealer alone: messages in, messages out, at times that the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hosts/dealer.hpp"

namespace helmholtz::hosts {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kSilence = 60;

/// What a dealer says, and to whom.
struct Said {
  int to;
  Kind kind;
  std::uint64_t first;
  std::uint64_t count;

  friend bool operator==(const Said&, const Said&) = default;
};

std::vector<Said> said(Dealer& dealer) {
  std::vector<Said> all;
  for (const auto& [to, message] : dealer.take_letters()) {
    all.push_back({to, message.kind, message.first, message.count});
  }
  return all;
}

void ask(Dealer& dealer, int rank, double now, std::uint64_t most = 1) {
  dealer.receive(rank, {.kind = Kind::ask, .count = most}, now);
}

void report(Dealer& dealer, int rank, std::uint64_t shard, double now) {
  dealer.receive(rank, {.kind = Kind::done, .first = shard, .count = 10, .diverged = 1}, now);
}

/// What else is said when ranks 1 and 2 have been heard of than that rank 0 lives.
std::vector<Said> said_at(Dealer& dealer, double now) {
  for (const int rank : {1, 2}) dealer.receive(rank, {.kind = Kind::alive}, now);
  dealer.look_at(now);
  auto all = said(dealer);
  std::erase_if(all, [](const Said& letter) { return letter.kind == Kind::alive; });
  return all;
}

/// Three ranks, which know that they may begin.
Dealer begun(std::uint64_t shards) {
  Dealer dealer(3, kSilence, 0);
  dealer.add({.first = 0, .count = shards});
  dealer.begin(7);
  dealer.take_letters();
  return dealer;
}

TEST(Dealer, DealsNothingBeforeTheDirectoryIsThere) {
  Dealer dealer(3, kSilence, 0);
  ask(dealer, 1, 0);
  dealer.add({.first = 4, .count = 2});
  EXPECT_THAT(said(dealer), IsEmpty());
  dealer.begin(7);
  dealer.look_at(0);
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::begin, 0, 7}, Said{2, Kind::begin, 0, 7},
                                        Said{1, Kind::deal, 4, 1}));
}

TEST(Dealer, DealsEachShardOnceInOrder) {
  auto dealer = begun(3);
  for (const int rank : {2, 0, 1, 2}) ask(dealer, rank, 0);
  EXPECT_THAT(said(dealer), ElementsAre(Said{2, Kind::deal, 0, 1}, Said{0, Kind::deal, 1, 1},
                                        Said{1, Kind::deal, 2, 1}));
  for (const int rank : {0, 1}) report(dealer, rank, rank == 0 ? 1 : 2, 1);
  EXPECT_FALSE(dealer.is_done());
  report(dealer, 2, 0, 1);
  EXPECT_TRUE(dealer.is_done());
  EXPECT_EQ(dealer.totals().machines, 30U);
  EXPECT_EQ(dealer.totals().diverged, 3U);
}

TEST(Dealer, DealsFewerAtATimeTowardsTheEnd) {
  auto dealer = begun(24);
  std::vector<std::uint64_t> counts;
  for (int i = 0; i < 30; ++i) ask(dealer, i % 3, 0, 3);
  for (const auto& deal : said(dealer)) counts.push_back(deal.count);
  EXPECT_TRUE(std::is_sorted(counts.rbegin(), counts.rend()));
  EXPECT_EQ(counts.front(), 3U);
  EXPECT_EQ(counts.back(), 1U);
}

TEST(Dealer, DealsTheShardsOfARankThatLeavesAgain) {
  auto dealer = begun(2);
  ask(dealer, 1, 0);
  ask(dealer, 2, 0);
  ask(dealer, 0, 0);
  said(dealer);
  dealer.receive(1, {.kind = Kind::leave}, 1);
  EXPECT_THAT(said(dealer), ElementsAre(Said{0, Kind::deal, 0, 1}));
  EXPECT_TRUE(dealer.others_train());
  dealer.receive(2, {.kind = Kind::leave}, 1);
  EXPECT_FALSE(dealer.others_train());
}

TEST(Dealer, KeepsTheErrorOfTheFirstRankThatFails) {
  auto dealer = begun(2);
  dealer.receive(1, {.kind = Kind::leave}, 1);  // it is done, no more
  EXPECT_EQ(dealer.first_error(), 0);
  dealer.receive(2, {.kind = Kind::leave, .count = 69}, 1);
  dealer.receive(0, {.kind = Kind::leave, .count = 74}, 2);
  dealer.receive(2, {.kind = Kind::leave}, 3);  // its goodbye
  EXPECT_EQ(dealer.first_error(), 69);
}

TEST(Dealer, GivesASilentRankUpAndTakesItBack) {
  auto dealer = begun(1);
  ask(dealer, 1, 0);
  ask(dealer, 2, 0);
  said(dealer);
  dealer.receive(2, {.kind = Kind::alive}, kSilence);
  dealer.look_at(kSilence);
  EXPECT_THAT(dealer.take_lost(), IsEmpty());
  said(dealer);
  dealer.look_at(kSilence + 1);
  EXPECT_THAT(dealer.take_lost(), ElementsAre(1));
  EXPECT_THAT(said(dealer), ElementsAre(Said{2, Kind::deal, 0, 1}));
  // It was only cut off: what it has done counts, and it may ask again.
  report(dealer, 1, 0, kSilence + 2);
  EXPECT_TRUE(dealer.is_done());
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::begin, 0, 7}));
  report(dealer, 2, 0, kSilence + 3);
  EXPECT_EQ(dealer.totals().machines, 10U);  // once
}

TEST(Dealer, ALostRankThatHadLeftTrainsNoMore) {
  auto dealer = begun(1);
  dealer.receive(1, {.kind = Kind::leave}, 0);
  dealer.receive(2, {.kind = Kind::leave}, 0);
  dealer.look_at(kSilence + 1);
  dealer.receive(1, {.kind = Kind::alive}, kSilence + 2);
  EXPECT_FALSE(dealer.others_train());
}

TEST(Dealer, DoesNotDealAgainWhatALostRankHasDone) {
  auto dealer = begun(3);
  for (const int rank : {1, 2, 0}) ask(dealer, rank, 0);
  dealer.receive(2, {.kind = Kind::alive}, kSilence);
  dealer.look_at(kSilence + 1);  // shard 0 waits for whoever asks
  EXPECT_THAT(dealer.take_lost(), ElementsAre(1));
  report(dealer, 1, 0, kSilence + 2);
  said(dealer);
  ask(dealer, 2, kSilence + 2);
  EXPECT_THAT(said(dealer), IsEmpty());
}

TEST(Dealer, DealsAnOverdueShardAgainOnceOthersShowHowLongOneTakes) {
  auto dealer = begun(3);
  ask(dealer, 0, 0);
  ask(dealer, 1, 0);
  ask(dealer, 2, 0);
  said(dealer);
  said_at(dealer, 1000);  // perhaps each takes an hour
  report(dealer, 0, 0, 1001);
  ask(dealer, 0, 1001);
  said(dealer);
  EXPECT_THAT(said_at(dealer, 10'010), IsEmpty());
  EXPECT_THAT(said_at(dealer, 10'011), ElementsAre(Said{0, Kind::deal, 1, 1}));
}

/// Else every shard of a slow setting would be dealt again at each deadline.
TEST(Dealer, LearnsFromAnOverdueShardHowLongOneTakes) {
  auto dealer = begun(4);
  ask(dealer, 0, 0);
  report(dealer, 0, 0, 10);
  ask(dealer, 1, 10);
  said(dealer);
  said_at(dealer, 111);  // overdue after 10 times 10 s: to be dealt again, once
  said_at(dealer, 300);
  report(dealer, 1, 1, 511);
  ask(dealer, 1, 511, 9);
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::deal, 2, 1}));
  ask(dealer, 2, 511);
  EXPECT_THAT(said(dealer), ElementsAre(Said{2, Kind::deal, 3, 1}));
  ask(dealer, 0, 511);
  EXPECT_THAT(said_at(dealer, 5520), IsEmpty()) << "one has taken 501 s";
  EXPECT_THAT(said_at(dealer, 5522), ElementsAre(Said{0, Kind::deal, 2, 1}));
}

/// Until the first one is done nobody knows whether its rank hangs or the shard takes so long.
TEST(Dealer, LeavesTwiceTheTimeToEachCopyOfAnOverdueShard) {
  auto dealer = begun(2);
  ask(dealer, 0, 0);
  report(dealer, 0, 0, 10);
  for (const int rank : {1, 0, 2}) ask(dealer, rank, 10);
  said(dealer);
  EXPECT_THAT(said_at(dealer, 111), ElementsAre(Said{0, Kind::deal, 1, 1}));
  EXPECT_THAT(said_at(dealer, 311), IsEmpty());
  EXPECT_THAT(said_at(dealer, 312), ElementsAre(Said{2, Kind::deal, 1, 1}));
  ask(dealer, 0, 312);
  EXPECT_THAT(said_at(dealer, 712), IsEmpty());
  EXPECT_THAT(said_at(dealer, 713), ElementsAre(Said{0, Kind::deal, 1, 1}));
}

TEST(Dealer, ASignalToOneRankEndsTheWorkOfAll) {
  auto dealer = begun(9);
  ask(dealer, 1, 0);
  said(dealer);
  dealer.receive(2, {.kind = Kind::stop}, 0);
  ask(dealer, 1, 0);
  dealer.look_at(0);
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::end, 0, 0}, Said{2, Kind::end, 0, 0}));
  EXPECT_TRUE(dealer.is_ended());
  dealer.receive(1, {.kind = Kind::bye}, 0);
  EXPECT_FALSE(dealer.all_gone());
  dealer.look_at(kSilence + 1);
  EXPECT_TRUE(dealer.all_gone());
  EXPECT_FALSE(dealer.all_said_bye());
}

// It waits for the slower ones, and would otherwise take rank 0 for lost.
TEST(Dealer, IsHeardByARankThatHasSaidGoodbye) {
  auto dealer = begun(1);
  dealer.receive(1, {.kind = Kind::bye}, 0);
  dealer.receive(2, {.kind = Kind::alive}, kSilence / 2);
  dealer.look_at(kSilence / 2);
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::alive, 0, 0}, Said{2, Kind::alive, 0, 0}));
}

TEST(Dealer, TakesShardsThatAreToBeTrainedOnceMore) {
  auto dealer = begun(2);
  ask(dealer, 1, 0, 1);
  ask(dealer, 1, 0, 1);
  report(dealer, 1, 0, 1);
  report(dealer, 1, 1, 1);
  said(dealer);
  dealer.add({.first = 1, .count = 1});
  EXPECT_FALSE(dealer.is_done());
  ask(dealer, 2, 2);
  EXPECT_THAT(said(dealer), ElementsAre(Said{2, Kind::deal, 1, 1}));
  report(dealer, 2, 1, 3);
  EXPECT_TRUE(dealer.is_done());
}

}  // namespace
}  // namespace helmholtz::hosts
