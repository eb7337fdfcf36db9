#pragma once

#include <cstddef>
#include <cstdint>

namespace helmholtz::cuda {

/// What a plan has to know of a device.
struct DeviceLimits {
  std::uint32_t multiprocessors = 1;
  std::size_t shared_per_block = 48 * 1024;  ///< bytes, with opt-in
};

/// Machines that a device holds at a time: all of them, or half as often as `fits` has to refuse.
/// @return 0 if it refuses a single machine
template <class Fits>
std::size_t largest_chunk(std::size_t machines, Fits fits) {
  auto chunk = machines;
  while (chunk > 0 && !fits(chunk)) chunk = chunk == 1 ? 0 : (chunk + 1) / 2;
  return chunk;
}

}  // namespace helmholtz::cuda
