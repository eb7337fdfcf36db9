#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace helmholtz {

/// Whether long work on several threads is to stop. Only the thread that made this puts the
/// question, at most every few milliseconds; the others learn what it was answered.
class StopRequest {
 public:
  /// @param requested  may be empty; once it has said yes, it is not asked again
  explicit StopRequest(const std::function<bool()>& requested) : requested_(requested) {}

  bool operator()() {
    if (requested_ && !stopped_ && std::this_thread::get_id() == asker_) ask();
    return stopped_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void ask() {
    constexpr std::chrono::milliseconds kPatience{5};
    const auto now = Clock::now();
    if (now < asked_ + kPatience) return;
    asked_ = now;
    stopped_ = requested_();
  }

  const std::function<bool()>& requested_;
  std::thread::id asker_ = std::this_thread::get_id();
  Clock::time_point asked_;  // of the clock's beginning: the first question is put at once
  std::atomic<bool> stopped_ = false;
};

}  // namespace helmholtz
