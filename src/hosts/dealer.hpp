#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "hosts/message.hpp"

namespace helmholtz::hosts {

/// Deals the shards of a sweep to ranks: messages in, messages out, and a clock that the caller
/// reads. It knows neither MPI nor files. Shards go in order, fewer at a time towards the end;
/// those of a rank that leaves, or of which nothing is heard, or that takes far longer than others
/// did, are dealt again. Whoever finishes a shard first has done it.
class Dealer {
 public:
  using Seconds = double;  ///< since any moment

  struct Totals {
    std::uint64_t machines = 0;  ///< of shards that are done
    std::uint64_t diverged = 0;
  };
  struct Letter {
    int to = 0;
    Message message;
  };

  /// @param silence  after which a rank counts as lost; each is told `alive` a dozen times as often
  Dealer(int ranks, Seconds silence, Seconds now);

  /// Shards to deal; more may come later.
  void add(ShardRange shards);
  /// Tells all ranks that the directory is there. @param process  of rank 0, for the log
  void begin(std::uint64_t process);
  /// Ends the work of all ranks, e.g. because a signal came.
  void end();

  void receive(int from, const Message& message, Seconds now);
  /// Looks for silent ranks and overdue shards; to be called several times per second.
  void look_at(Seconds now);

  /// What is to be sent since the last call, in this order.
  std::vector<Letter> take_letters();
  /// The ranks that were lost since the last call.
  std::vector<int> take_lost();

  [[nodiscard]] bool is_done() const noexcept { return open_ == 0; }
  [[nodiscard]] bool is_ended() const noexcept { return ended_; }
  /// Whether any rank but 0 may still finish a shard.
  [[nodiscard]] bool others_train() const;
  /// Whether every rank but 0 has said goodbye, or is lost.
  [[nodiscard]] bool all_gone() const;
  /// Whether a rank has said goodbye; whether every one but 0 has.
  [[nodiscard]] bool is_gone(int rank) const;
  [[nodiscard]] bool all_said_bye() const;
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }
  /// The exit code of the first rank that failed; 0 if none did.
  [[nodiscard]] int first_error() const noexcept { return first_error_; }

 private:
  enum class State { trains, lost, left, gone };
  struct Rank {
    State state = State::trains;
    State before = State::trains;  ///< it was lost
    Seconds heard = 0;
  };
  struct Deal {
    int rank = 0;
    ShardRange shards;
    std::uint64_t left = 0;  ///< of them to be done
    Seconds since = 0;
    bool overdue = false;  ///< its shards have been dealt again; its time counts all the same
  };
  struct Wish {
    int rank = 0;
    std::uint64_t most = 0;
  };

  [[nodiscard]] bool is_overdue(const Deal& deal, Seconds now) const;
  [[nodiscard]] std::uint64_t fair_share() const;
  void finish(int rank, const Message& done, Seconds now);
  void part_with(int rank, State state);
  void take_back(const Deal& deal);
  void serve(Seconds now);
  ShardRange next_shards(std::uint64_t most);
  void tell_all(const Message& message);

  Seconds silence_;
  Seconds told_ = 0;  ///< when all were told `alive`
  std::vector<Rank> ranks_;
  std::deque<ShardRange> waiting_;  ///< to be dealt; some of them may be done meanwhile
  std::uint64_t undealt_ = 0;       ///< shards of waiting_
  std::vector<bool> done_;          ///< [shards]
  std::uint64_t open_ = 0;          ///< shards that are not done
  std::vector<Deal> deals_;
  std::deque<Wish> wishes_;       ///< of ranks that nothing could be dealt to
  Seconds slowest_ = 0;           ///< of a shard so far
  std::optional<Message> begun_;  ///< what all were told
  bool ended_ = false;
  Totals totals_;
  int first_error_ = 0;
  std::vector<Letter> letters_;
  std::vector<int> lost_;
};

}  // namespace helmholtz::hosts
