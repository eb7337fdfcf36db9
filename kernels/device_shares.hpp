#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "cuda_status.hpp"
#include "plugin_abi.h"

namespace helmholtz::cuda {

/// The device whose turn it is: an argument that puts it in force before what follows it is made.
inline int use(int device) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

/// An ensemble's machines split over devices, in order: each device has a share of them.
/// @tparam Share  machines() says how many it has
template <class Share>
class DeviceShares {
 public:
  /// @param make  (device, first machine, machines) -> std::unique_ptr<Share>
  template <class Make>
  DeviceShares(std::size_t machines, std::span<const std::int32_t> devices, Make make)
      : part_((machines + devices.size() - 1) / devices.size()) {
    for (std::size_t i = 0; i < devices.size() && i * part_ < machines; ++i) {
      const auto first = i * part_;
      shares_.push_back(make(devices[i], first, std::min(part_, machines - first)));
    }
  }

  [[nodiscard]] std::span<const std::unique_ptr<Share>> all() const noexcept { return shares_; }
  /// The sum of value(share).
  template <class Value>
  [[nodiscard]] std::size_t sum(Value value) const {
    std::size_t total = 0;
    for (const auto& share : shares_) total += value(*share);
    return total;
  }

  /// Calls body(share) for every device, side by side.
  template <class Body>
  void on_every_device(Body body) {
    side_by_side(shares_.size(), [&](std::size_t i) { body(*shares_[i]); });
  }

  /// body(share, first machine of the share, machines, machines before them) where each share's
  /// part of machines first to first+count-1 lies, side by side.
  template <class Body>
  void for_each_part(std::size_t first, std::size_t count, Body body) const {
    const auto begin = first / part_;
    const auto end = count == 0 ? begin : (first + count - 1) / part_ + 1;
    side_by_side(end - begin, [&](std::size_t i) {
      const auto from = std::max(first, (begin + i) * part_);
      const auto to = std::min(first + count, (begin + i + 1) * part_);
      body(*shares_[begin + i], from % part_, to - from, from - first);
    });
  }

 private:
  /// body(0) to body(count - 1), each from a thread of its own if there are several.
  /// @throws what the first of them that failed has thrown
  template <class Body>
  static void side_by_side(std::size_t count, Body body) {
    std::vector<std::exception_ptr> failures(count);
    const auto run = [&](std::size_t i) {
      try {
        body(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> threads;  // each is waited for, whatever happens
      for (std::size_t i = 1; i < count; ++i) threads.emplace_back(run, i);
      if (count > 0) run(0);
    }
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  std::size_t part_;  ///< machines of a share, but the last
  std::vector<std::unique_ptr<Share>> shares_;
};

}  // namespace helmholtz::cuda
