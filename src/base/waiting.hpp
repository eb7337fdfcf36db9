#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace helmholtz {

/// Waits until holds(). Not by wait(), whose symbol in libstdc++ is younger than the library that
/// the bundle and the wheel run on.
template <class Holds>
void wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock, Holds holds) {
  while (!changed.wait_for(lock, std::chrono::hours(1), holds)) {
  }
}

}  // namespace helmholtz
