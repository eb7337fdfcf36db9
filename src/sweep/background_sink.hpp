#pragma once

#include <atomic>
#include <future>
#include <span>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Hands shards on to other sinks from a thread of its own, so that one block of shards is written
/// while the next one is trained.
class BackgroundSink {
 public:
  explicit BackgroundSink(std::span<ShardSink* const> sinks) : sinks_(sinks) {}
  /// Waits until the block in flight is written.
  ~BackgroundSink() = default;
  BackgroundSink(const BackgroundSink&) = delete;
  BackgroundSink& operator=(const BackgroundSink&) = delete;

  /// Begins to write a block, once the one before is written. @throws what a sink threw at that
  void write(std::vector<Shard> block);
  /// Waits until all is written. @throws what a sink threw
  void finish();
  /// Whether a sink threw: the next call throws it.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  void hand_on(const std::vector<Shard>& block);

  std::span<ShardSink* const> sinks_;
  std::atomic<bool> failed_ = false;
  std::future<void> in_flight_;  // last: its destructor waits
};

}  // namespace helmholtz
