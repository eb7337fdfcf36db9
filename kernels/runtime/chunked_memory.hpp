#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>

#include "kernels/runtime/device_memory.hpp"
#include "kernels/runtime/device_trainer.hpp"
#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {

/// The floats of a share's machines on its device, in any order within a chunk of machines.
///
/// If the device cannot hold all machines, chunks of them take turns on it, and those not on it lie
/// in the host's memory in the same order: results are the same. Two chunks are on the device then:
/// while one is worked on, the next one arrives beside it.
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
    std::size_t number;  ///< a chunk's data and scratch are at the same place every time
  };

  /// Takes what the device has: all machines, or chunks of a half of them, a quarter, …
  /// @throws AllocationFailure if there is no room for one
  ChunkedMemory(const Share& share, const Need& need);

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::size_t chunks() const noexcept {
    return (share_.count + capacity_ - 1) / capacity_;
  }
  /// Whether all machines are on the device, and nothing is on the host.
  [[nodiscard]] bool resident() const noexcept { return capacity_ >= share_.count; }
  /// Of the device's memory.
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// Brings one chunk after the other onto the device, and its floats back. The body waits for the
  /// work that it gives to streams.
  void for_each_chunk(const std::function<void(const Chunk&)>& body);
  /// The chunks of machines [first, first + count), for a body that only reads.
  void read_chunks(std::size_t first, std::size_t count,
                   const std::function<void(const Chunk&)>& body);

  /// The device's floats, if resident.
  [[nodiscard]] float* on_device() const noexcept { return slots_[0].get(); }
  /// A machine's place in its chunk's floats, `stride` after the machine before it, from the
  /// chunk's float `begin` on, if not resident.
  [[nodiscard]] float* on_host(std::size_t machine, std::size_t stride,
                               std::size_t begin = 0) const {
    return host_.get() + machine / capacity_ * chunk_floats() + begin +
           machine % capacity_ * stride;
  }

 private:
  static constexpr std::size_t kSlots = 2;

  /// Copies of chunks, beside the work on others.
  struct Traffic {
    Stream incoming;
    Stream outgoing;
    std::array<CudaEvent, kSlots> arrived;
    std::array<CudaEvent, kSlots> left;
  };

  enum class Access { read, write };

  bool allocate(std::size_t capacity);
  void visit(std::size_t begin, std::size_t end, Access access,
             const std::function<void(const Chunk&)>& body);
  [[nodiscard]] std::size_t chunk_floats() const noexcept { return capacity_ * need_.kept; }
  [[nodiscard]] Chunk chunk(std::size_t number) const;
  void fetch(std::size_t number);
  void send(std::size_t number);

  Share share_;
  Need need_;
  std::size_t capacity_ = 0;
  std::array<DeviceArray<float>, kSlots> slots_;  ///< chunk i is in slot i % 2
  DeviceArray<float> scratch_;
  HostArray<float> host_;             ///< [chunks][capacity_ * kept] unless resident
  std::unique_ptr<Traffic> traffic_;  ///< unless resident
};

}  // namespace helmholtz::cuda
