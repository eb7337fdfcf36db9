#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "device_memory.hpp"

namespace helmholtz::cuda {

/// The floats of a run of machines on one device, in any order within a chunk of machines.
///
/// If the device cannot hold all machines, chunks of them take turns on it, and those not on it lie
/// in the host's memory in the same order: results are the same.
class ChunkedMemory {
 public:
  /// What each machine takes, in floats.
  struct Need {
    std::size_t kept;     ///< they start at zero
    std::size_t scratch;  ///< need not be kept; zero before the first use
  };

  /// Machines that are on the device.
  struct Chunk {
    float* data;
    float* scratch;
    std::size_t capacity;  ///< machines that there is room for, the same in every chunk
    std::size_t first;
    std::size_t count;
  };

  /// Takes what the device has: all machines, or half of them, or a quarter, …
  /// @param group  there is room for a multiple of so many machines
  /// @throws OutOfDeviceMemory if there is no room for one group
  ChunkedMemory(int device, std::size_t machines, const Need& need, std::size_t group = 1);

  [[nodiscard]] int device() const noexcept { return device_; }
  [[nodiscard]] std::size_t machines() const noexcept { return machines_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  /// Whether all machines are on the device, and nothing is on the host.
  [[nodiscard]] bool resident() const noexcept { return capacity_ >= machines_; }

  /// Brings one chunk after the other onto the device, and its floats back.
  void for_each_chunk(const std::function<void(const Chunk&)>& body);

  /// The device's floats, if resident.
  [[nodiscard]] float* on_device() const noexcept { return data_.get(); }
  /// The floats of the chunk that holds a machine, if not resident.
  [[nodiscard]] float* on_host(std::size_t machine) {
    return host_.data() + machine / capacity_ * capacity_ * need_.kept;
  }
  [[nodiscard]] const float* on_host(std::size_t machine) const {
    return host_.data() + machine / capacity_ * capacity_ * need_.kept;
  }

 private:
  bool allocate(std::size_t capacity);

  int device_;
  std::size_t machines_;
  Need need_;
  std::size_t capacity_ = 0;
  DeviceArray<float> data_;
  DeviceArray<float> scratch_;
  std::vector<float> host_;  ///< [chunks][capacity_ * kept] unless resident
};

}  // namespace helmholtz::cuda
