// The dealer alone: messages in, messages out, at times that the test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <queue>
#include <random>
#include <set>
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
  const auto everyone_lives = [&](double now) {
    for (const int rank : {1, 2}) dealer.receive(rank, {.kind = Kind::alive}, now);
    dealer.look_at(now);
  };
  everyone_lives(1000);  // perhaps each takes an hour
  report(dealer, 0, 0, 1001);
  ask(dealer, 0, 1001);
  said(dealer);
  everyone_lives(10'010);
  for (const auto& letter : said(dealer)) EXPECT_EQ(letter.kind, Kind::alive);
  everyone_lives(10'011);
  EXPECT_THAT(said(dealer), ElementsAre(Said{0, Kind::deal, 1, 1}));
}

/// Else every shard of a slow setting would be dealt again at each deadline.
TEST(Dealer, LearnsFromAnOverdueShardHowLongOneTakes) {
  auto dealer = begun(4);
  ask(dealer, 0, 0);
  report(dealer, 0, 0, 10);
  ask(dealer, 1, 10);
  said(dealer);
  const auto rank_1_lives = [&](double now) {
    for (const int rank : {1, 2}) dealer.receive(rank, {.kind = Kind::alive}, now);
    dealer.look_at(now);
    auto all = said(dealer);
    std::erase_if(all, [](const Said& letter) { return letter.kind == Kind::alive; });
    return all;
  };
  rank_1_lives(111);  // overdue after 10 times 10 s: to be dealt again, once
  rank_1_lives(300);
  report(dealer, 1, 1, 511);
  ask(dealer, 1, 511, 9);
  EXPECT_THAT(said(dealer), ElementsAre(Said{1, Kind::deal, 2, 1}));
  ask(dealer, 2, 511);
  EXPECT_THAT(said(dealer), ElementsAre(Said{2, Kind::deal, 3, 1}));
  ask(dealer, 0, 511);
  EXPECT_THAT(rank_1_lives(5520), IsEmpty()) << "one has taken 501 s";
  EXPECT_THAT(rank_1_lives(5522), ElementsAre(Said{0, Kind::deal, 2, 1}));
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

/// A job whose ranks and messages are events in simulated time.
class Simulation {
 public:
  Simulation(int ranks, std::uint64_t shards, double faults)
      : ranks_(ranks), shards_(shards), faults_(faults), dealer_(ranks, kSilence, 0) {
    dealer_.add({.first = 0, .count = shards});
    dealer_.begin(1);
    for (int rank = 0; rank < ranks; ++rank) at(0, rank, {.kind = Kind::ask, .count = 2});
  }

  /// @return how often shards were trained
  std::uint64_t run() {
    for (double now = 0; !dealer_.is_done() && now < 1e6; ++now) {
      while (!events_.empty() && events_.top().time <= now) {
        const auto [time, rank, message] = events_.top();
        events_.pop();
        ++messages_;
        if (!dead_.contains(rank)) dealer_.receive(rank, message, time);
        pass_on_letters(time);
      }
      dealer_.look_at(now);
      pass_on_letters(now);
    }
    return trained_;
  }

  [[nodiscard]] const Dealer& dealer() const { return dealer_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

 private:
  struct Event {
    double time;
    int rank;
    Message message;
    friend bool operator<(const Event& a, const Event& b) { return a.time > b.time; }
  };

  void at(double time, int rank, const Message& message) { events_.push({time, rank, message}); }

  void pass_on_letters(double now) {
    for (const auto& [to, message] : dealer_.take_letters()) obey(now, to, message);
  }

  void obey(double now, int rank, const Message& message) {
    if (message.kind == Kind::alive) at(now, rank, {.kind = Kind::alive});
    if (message.kind != Kind::deal) return;
    for (auto i = message.first; i < message.first + message.count; ++i) {
      now += std::exponential_distribution(0.5)(random_);  // two seconds a shard
      ++trained_;
      if (rank != 0 && std::bernoulli_distribution(faults_)(random_)) {
        dead_.insert(rank);
        return;  // its reports on earlier shards are lost with it
      }
      at(now, rank, {.kind = Kind::done, .first = i, .count = 1});
    }
    at(now, rank, {.kind = Kind::ask, .count = 2});
  }

  int ranks_;
  std::uint64_t shards_;
  double faults_;
  Dealer dealer_;
  std::priority_queue<Event> events_;
  std::set<int> dead_;
  std::uint64_t trained_ = 0;
  std::uint64_t messages_ = 0;
  std::mt19937 random_{20'260'101};
};

TEST(DealerSimulation, AllIsDoneWhoeverDies) {
  for (const double faults : {0.0, 0.01, 0.3}) {
    Simulation job(40, 2000, faults);
    const auto trained = job.run();
    EXPECT_TRUE(job.dealer().is_done()) << faults;
    EXPECT_EQ(job.dealer().totals().machines, 2000U) << faults;
    EXPECT_GE(trained, 2000U) << faults;
    EXPECT_EQ(trained == 2000, faults == 0) << faults;
  }
}

TEST(DealerSimulation, AThousandRanks) {
  constexpr std::uint64_t kShards = 100'000;
  Simulation job(1000, kShards, 0);
  const auto start = std::chrono::steady_clock::now();
  job.run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(job.dealer().is_done());
  std::printf("%.0f shards and %.0f messages per second, the simulation included\n",
              kShards / seconds.count(), static_cast<double>(job.messages()) / seconds.count());
  EXPECT_LT(seconds.count(), 10);  // 10,000 shards per second; ten times faster without sanitizers
}

}  // namespace
}  // namespace helmholtz::hosts
