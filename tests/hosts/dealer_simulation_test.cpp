// Jobs of many ranks in simulated time: the dealer alone, whose messages are replayed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <queue>
#include <random>
#include <set>

#include "hosts/dealer.hpp"

namespace helmholtz::hosts {
namespace {

/// A job whose ranks and messages are events in simulated time.
class Simulation {
 public:
  Simulation(int ranks, std::uint64_t shards, double faults)
      : ranks_(ranks), shards_(shards), faults_(faults), dealer_(ranks, 60, 0) {
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
