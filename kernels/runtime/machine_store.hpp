#pragma once

#include <cstddef>

#include "kernels/runtime/chunked_memory.hpp"

namespace helmholtz::cuda {

/// The parameters of a run of machines on one device, [parameter][machine]: parameter k of a
/// chunk's machine i is at data[k * capacity + i]; scratch is [floats][capacity].
class MachineStore : public ChunkedMemory {
 public:
  using ChunkedMemory::ChunkedMemory;

  /// Parameters of machines [first, first + count), [count][parameters].
  void read(std::size_t first, std::size_t count, float* out) const;
  void write(std::size_t first, std::size_t count, const float* in);
};

}  // namespace helmholtz::cuda
