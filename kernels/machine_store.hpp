#pragma once

#include <cstddef>
#include <functional>

#include "chunked_memory.hpp"

namespace helmholtz::cuda {

/// The parameters of a run of machines on one device, [parameter][machine], in chunks if the device
/// cannot hold them all.
class MachineStore {
 public:
  /// Parameter k of machine first + i is at data[k * capacity + i]; scratch is [floats][capacity].
  using Chunk = ChunkedMemory::Chunk;

  /// @param parameters  floats a machine; they start at zero
  /// @param scratch     floats a machine that need not be kept
  /// @throws OutOfDeviceMemory if there is no room for one machine
  MachineStore(int device, std::size_t machines, std::size_t parameters, std::size_t scratch)
      : parameters_(parameters), memory_(device, machines, {parameters, scratch}) {}

  [[nodiscard]] int device() const noexcept { return memory_.device(); }
  [[nodiscard]] std::size_t machines() const noexcept { return memory_.machines(); }
  [[nodiscard]] bool resident() const noexcept { return memory_.resident(); }
  /// Of the device's memory.
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.bytes(); }

  /// As ChunkedMemory has them.
  void for_each_chunk(const std::function<void(const Chunk&)>& body) {
    memory_.for_each_chunk(body);
  }
  void read_chunks(std::size_t first, std::size_t count,
                   const std::function<void(const Chunk&)>& body) {
    memory_.read_chunks(first, count, body);
  }

  /// Parameters of machines first to first+count-1, [count][parameters].
  void read(std::size_t first, std::size_t count, float* out) const;
  void write(std::size_t first, std::size_t count, const float* in);

 private:
  std::size_t parameters_;
  ChunkedMemory memory_;
};

}  // namespace helmholtz::cuda
