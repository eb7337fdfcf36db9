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

  /// Calls body(share) for every device, each from a thread of its own if there are several.
  template <class Body>
  void on_every_device(Body body) {
    std::vector<std::exception_ptr> failures(shares_.size());
    const auto run = [&](std::size_t i) {
      try {
        body(*shares_[i]);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < shares_.size(); ++i) threads.emplace_back(run, i);
    run(0);
    for (auto& thread : threads) thread.join();
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  /// body(share, first machine of the share, machines, machines before them) where each share's
  /// part of machines first to first+count-1 lies.
  template <class Body>
  void for_each_part(std::size_t first, std::size_t count, Body body) const {
    for (std::size_t done = 0; done < count;) {
      auto& share = *shares_[(first + done) / part_];
      const auto from = (first + done) % part_;
      const auto some = std::min(count - done, share.machines() - from);
      body(share, from, some, done);
      done += some;
    }
  }

 private:
  std::size_t part_;  ///< machines of a share, but the last
  std::vector<std::unique_ptr<Share>> shares_;
};

}  // namespace helmholtz::cuda
