// Teams of ranks in one process, whose wire is a queue of messages.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "hosts/team.hpp"
#include "support/small_sweep.hpp"

namespace helmholtz::hosts {
namespace {

constexpr int kRanks = 3;
constexpr std::uint64_t kShards = 40;

/// Who has what to read, and who is cut off.
struct Network {
  std::mutex mutex;
  std::array<std::deque<Received>, kRanks> inboxes;
  std::array<std::atomic<bool>, kRanks> cut{};
  std::atomic<int> closed = 0;
  std::atomic<int> abandoned = 0;
};

class QueueWire : public Wire {
 public:
  QueueWire(std::shared_ptr<Network> network, int rank)
      : network_(std::move(network)), place_{.rank = rank, .ranks = kRanks} {}

  [[nodiscard]] const Place& place() const override { return place_; }
  void send(int to, const Message& message) override {
    if (network_->cut[own()] || network_->cut[static_cast<std::size_t>(to)]) return;
    const std::scoped_lock lock(network_->mutex);
    network_->inboxes[static_cast<std::size_t>(to)].push_back({place_.rank, message});
  }
  std::optional<Received> receive() override {
    const std::scoped_lock lock(network_->mutex);
    auto& inbox = network_->inboxes[own()];
    if (inbox.empty()) return std::nullopt;
    const auto received = inbox.front();
    inbox.pop_front();
    return received;
  }
  void close() override { ++network_->closed; }
  void abandon(int code) override {
    ++network_->abandoned;
    throw code;
  }

 private:
  [[nodiscard]] std::size_t own() const { return static_cast<std::size_t>(place_.rank); }

  std::shared_ptr<Network> network_;
  Place place_;
};

/// Of a process that is suspended once, and whose messages arrive only after it has looked for
/// them.
class SuspendedWire final : public QueueWire {
 public:
  using QueueWire::QueueWire;
  std::optional<Received> receive() override {
    if (std::exchange(was_suspended_, true)) return QueueWire::receive();
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    return std::nullopt;
  }

 private:
  bool was_suspended_ = false;
};

class Teams : public ::testing::Test {
 protected:
  struct Behaviour {
    int shards_before_cut = -1;    ///< after so many it is heard no more
    int shards_before_leave = -1;  ///< after so many its disk is full
    int shards_before_stop = -1;   ///< after so many it gets a signal
  };

  /// What a rank's process does, without training.
  void work(int rank, const Behaviour& behaviour) {
    std::atomic<bool> stop = false;
    Team team(std::make_unique<QueueWire>(network_, rank),
              {.stop_requested = [&] { return stop.load(); }, .silence = 1});
    if (rank == 0) {
      team.deal_out(kShards, [](std::uint64_t) { return true; });
    } else if (!team.wait_for_directory()) {
      return finish(team);
    }
    int done = 0;
    while (const auto shards = team.deal(2)) {
      for (auto i = shards->first; i < shards->first + shards->count; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (done == behaviour.shards_before_cut)
          network_->cut[static_cast<std::size_t>(rank)] = true;
        if (done == behaviour.shards_before_stop) stop = true;
        if (done == behaviour.shards_before_leave) {
          team.leave(74);
          if (rank == 0) all_done_ = team.wait_for_others([] {});
          return finish(team);
        }
        report(team, i);
        ++done;
      }
      if (team.is_ended()) break;
    }
    if (rank == 0) {
      all_done_ = !team.is_ended();
      machines_ = team.totals().machines;
    }
    finish(team);
  }

  void report(Team& team, std::uint64_t shard) {
    const auto spec = testing::two_configurations();
    team.report_done(std::vector{testing::shard_of(spec, {1.0, 2.0}, shard * 2)}, 2);
    const std::scoped_lock lock(mutex_);
    written_.insert(shard);
  }

  void finish(Team& team) {
    try {
      team.finish(0);
    } catch (int) {  // abandoned
    }
  }

  void run(const std::array<Behaviour, kRanks>& behaviours) {
    std::vector<std::thread> ranks;
    for (int rank = 0; rank < kRanks; ++rank) {
      ranks.emplace_back([&, rank] { work(rank, behaviours[static_cast<std::size_t>(rank)]); });
    }
    for (auto& rank : ranks) rank.join();
  }

  std::shared_ptr<Network> network_ = std::make_shared<Network>();
  std::mutex mutex_;
  std::set<std::uint64_t> written_;
  std::atomic<bool> all_done_ = false;
  std::uint64_t machines_ = 0;
};

TEST_F(Teams, ShareAllShardsAndEndTogether) {
  run({});
  EXPECT_EQ(written_.size(), kShards);
  EXPECT_EQ(machines_, 2 * kShards);
  EXPECT_EQ(network_->closed, kRanks);
}

TEST_F(Teams, FinishWithoutARankThatIsCutOff) {
  run({Behaviour{}, Behaviour{.shards_before_cut = 2}, Behaviour{}});
  EXPECT_TRUE(all_done_);
  EXPECT_EQ(written_.size(), kShards);
  EXPECT_EQ(network_->abandoned, kRanks);  // MPI would wait for it
}

TEST_F(Teams, FinishWithoutARankWhoseDiskIsFull) {
  for (int rank = 0; rank < kRanks; ++rank) {
    network_ = std::make_shared<Network>();
    written_.clear();
    std::array<Behaviour, kRanks> behaviours{};
    behaviours[static_cast<std::size_t>(rank)].shards_before_leave = 2;
    run(behaviours);
    EXPECT_TRUE(all_done_) << rank;
    EXPECT_EQ(written_.size(), kShards) << rank;
    EXPECT_EQ(network_->closed, kRanks) << rank;
  }
}

TEST_F(Teams, KnowTheErrorOfTheFirstRankThatFails) {
  QueueWire(network_, 1).send(0, {.kind = Kind::leave, .count = 69});
  QueueWire(network_, 2).send(0, {.kind = Kind::leave, .count = 65});
  Team team(std::make_unique<QueueWire>(network_, 0), {.silence = 1});
  team.deal_out(1, [](std::uint64_t) { return true; });
  EXPECT_FALSE(team.wait_for_others([] {}));
  team.leave(74);
  EXPECT_EQ(team.first_error(), 69);
  finish(team);
}

// What it waits for may be in its own hands: shards that it could not write.
TEST_F(Teams, ARankThatGivesUpWaitsForNoShards) {
  network_->cut[2] = true;
  std::thread other([&] {
    Team team(std::make_unique<QueueWire>(network_, 1), {.silence = 1});
    ASSERT_TRUE(team.wait_for_directory());
    std::atomic<bool> given_up = false;
    while (team.deal(1, [&] { return given_up.load(); })) given_up = true;
    team.leave(74);
    finish(team);
  });
  {
    Team team(std::make_unique<QueueWire>(network_, 0), {.silence = 1});
    team.deal_out(1, [](std::uint64_t) { return true; });
    EXPECT_FALSE(team.wait_for_others([] {}));
    finish(team);
  }
  other.join();
}

TEST_F(Teams, StopTogether) {
  for (int rank = 0; rank < kRanks; ++rank) {
    network_ = std::make_shared<Network>();
    std::array<Behaviour, kRanks> behaviours{};
    behaviours[static_cast<std::size_t>(rank)].shards_before_stop = 2;
    run(behaviours);
    EXPECT_FALSE(all_done_) << rank;
    EXPECT_EQ(network_->closed, kRanks) << rank;
  }
}

TEST_F(Teams, ARankThatWasSuspendedGoesOn) {
  QueueWire dealer(network_, 0);
  dealer.send(1, {.kind = Kind::begin, .count = 7});
  Team team(std::make_unique<SuspendedWire>(network_, 1),
            {.stop_requested = [] { return false; }, .lost = [](int) {}, .silence = 1});
  EXPECT_EQ(team.wait_for_directory(), 7U);
  dealer.send(1, {.kind = Kind::end});
  dealer.send(1, {.kind = Kind::close, .count = 1});
  team.finish(0);
  EXPECT_EQ(network_->closed, 1);
}

TEST_F(Teams, ARankSaysNothingAfterItsGoodbye) {
  QueueWire dealer(network_, 0);
  dealer.send(1, {.kind = Kind::end});
  std::thread closing([&] {
    const auto is_bye = [&] {
      return dealer.receive().value_or(Received{}).message.kind == Kind::bye;
    };
    while (!is_bye()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(400));  // `alive` is due meanwhile
    EXPECT_FALSE(dealer.receive());
    dealer.send(1, {.kind = Kind::close, .count = 1});
  });
  Team team(std::make_unique<QueueWire>(network_, 1), {.silence = 3});
  team.finish(0);
  closing.join();
}

TEST_F(Teams, DoNotOutliveRankZero) {
  run({Behaviour{.shards_before_cut = 2}, Behaviour{}, Behaviour{}});
  EXPECT_EQ(network_->abandoned, kRanks);
}

}  // namespace
}  // namespace helmholtz::hosts
