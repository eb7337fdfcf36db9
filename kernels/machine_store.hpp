#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "device_memory.hpp"

namespace helmholtz::cuda {

/// The parameters of a run of machines on one device, [parameter][machine].
///
/// If the device cannot hold all machines, chunks of them take turns on it, and those not on it lie
/// in the host's memory in the same order: results are the same.
class MachineStore {
 public:
  /// Machines that are on the device: parameter k of machine first + i is at data[k * stride + i].
  struct Chunk {
    float* data;
    float* scratch;  ///< [scratch floats][stride], zero before the store's first use
    std::size_t stride;
    std::size_t first;
    std::size_t count;
  };

  /// Takes what the device has: all machines, or half of them, or a quarter, …
  /// @param parameters  floats a machine; they start at zero
  /// @param scratch     floats a machine that need not be kept
  /// @throws OutOfDeviceMemory if there is no room for one machine
  MachineStore(int device, std::size_t machines, std::size_t parameters, std::size_t scratch);

  [[nodiscard]] int device() const noexcept { return device_; }
  [[nodiscard]] std::size_t machines() const noexcept { return machines_; }

  /// Brings one chunk after the other onto the device, and its parameters back.
  void for_each_chunk(const std::function<void(const Chunk&)>& body);

  /// Parameters of machines first to first+count-1, [count][parameters].
  void read(std::size_t first, std::size_t count, float* out) const;
  void write(std::size_t first, std::size_t count, const float* in);

 private:
  [[nodiscard]] bool resident() const noexcept { return chunk_ == machines_; }
  bool allocate(std::size_t chunk, std::size_t scratch);
  [[nodiscard]] Chunk chunk(std::size_t first) const noexcept;
  /// Where a chunk's parameters lie on the host, [parameter][chunk_].
  [[nodiscard]] std::size_t host_offset(std::size_t machine) const {
    return machine / chunk_ * chunk_ * parameters_ + machine % chunk_;
  }

  int device_;
  std::size_t machines_;
  std::size_t parameters_;
  std::size_t chunk_ = 0;
  DeviceArray<float> data_;
  DeviceArray<float> scratch_;
  std::vector<float> host_;  ///< [chunks][parameters][chunk_] unless all machines are on the device
};

}  // namespace helmholtz::cuda
