#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "helmholtz/shard.hpp"
#include "helmholtz/sweep.hpp"
#include "hosts/dealer.hpp"
#include "hosts/wire.hpp"

namespace helmholtz::hosts {

/// This process as one of the ranks of a job that share a sweep. Rank 0 deals, and trains like the
/// others. Messages travel on a thread of their own; all functions may be called from any thread.
class Team {
 public:
  struct Options {
    /// Asked several times per second by those who wait; true ends the whole job.
    std::function<bool()> stop_requested = [] { return false; };
    std::function<void(int rank)> lost = [](int) {};  ///< rank 0: called when one is
    double silence = 60;                              ///< seconds after which a rank counts as lost
  };

  Team(std::unique_ptr<Wire> wire, Options options);
  /// Ends the job with code 74 if nobody called finish().
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] const Place& place() const { return place_; }

  /// Rank 0: the directory is there, and lacks shards for which `wanted` is true. May be called
  /// again for those that have to be trained once more.
  void deal_out(std::uint64_t shards, const std::function<bool(std::uint64_t)>& wanted);
  /// Rank 0: what is done by all.
  [[nodiscard]] Dealer::Totals totals();
  /// Rank 0, which trains no more: waits until the others do not either, or all is done.
  /// @return whether all is done
  bool wait_for_others(const std::function<void()>& meanwhile);

  /// The others: waits until rank 0 has the directory.
  /// @return the process that is rank 0; nothing if the job ends before
  std::optional<std::uint64_t> wait_for_directory();

  /// The next shards for this rank, at most `most`; waits for them. Nothing when all is done (rank
  /// 0), the job ends, or this rank has given up: then it has to leave.
  /// @param given_up   asked while it waits; calls no function of the team
  /// @param meanwhile  called now and then while it waits
  std::optional<ShardRange> deal(
      std::uint64_t most, const std::function<bool()>& given_up = [] { return false; },
      const std::function<void()>& meanwhile = [] {});
  /// These are in the directory. @param shard_machines  of a full shard
  void report_done(std::span<const Shard> shards, std::uint64_t shard_machines);
  /// This rank trains no more, e.g. because its disk is full; the others go on.
  /// @param error  the exit code of what made it fail
  void leave(int error);
  /// Rank 0: the first such code; 0 if no rank has failed.
  [[nodiscard]] int first_error();
  /// Whether the job ends: what is being trained is to be dropped.
  [[nodiscard]] bool is_ended();

  /// Ends the job (rank 0), or waits for its end (the others). Does not return where ranks are
  /// lost: then the process ends here.
  /// @param code  of the job, as rank 0 knows it
  void finish(int code);

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  /// Seconds since the start, without those that this process was suspended for, e.g. by a
  /// scheduler: meanwhile it could hear nobody. To be asked several times per second.
  [[nodiscard]] double now();
  void run();
  void exchange();
  void look_at_dealer();
  void obey(const Message& message);
  void tell_dealer(const Message& message);
  void pass_on_letters();
  void stop_if_requested();
  void wait_for_goodbyes(Lock& lock);
  void say_goodbye(Lock& lock);
  /// Until `is_over()`, or the job ends. @return which of both
  bool wait(Lock& lock, const std::function<bool()>& is_over,
            const std::function<void()>& meanwhile);

  std::unique_ptr<Wire> wire_;
  const Options options_;
  const Place place_;

  std::mutex state_;  // guards what follows, and the wire
  std::condition_variable changed_;
  double now_ = 0;
  Clock::time_point looked_ = Clock::now();       // at the clock, last
  std::optional<Dealer> dealer_;                  // rank 0's
  std::deque<std::uint64_t> wishes_;              // of this rank, not yet granted
  std::deque<ShardRange> dealt_;                  // to this rank
  std::vector<int> lost_;                         // ranks to be reported
  std::optional<std::uint64_t> dealing_process_;  // once it has the directory
  bool ended_ = false;
  bool dealer_is_lost_ = false;
  std::optional<bool> whole_;  // at the end: whether no rank is lost
  bool over_ = false;          // the postman may go
  double heard_ = 0;           // of rank 0
  double told_ = 0;            // to rank 0

  std::thread postman_;  // last: it uses all of the above
};

}  // namespace helmholtz::hosts
