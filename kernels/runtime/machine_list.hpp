#pragma once

#include <cstdint>

#include "kernels/runtime/portable.hpp"

namespace helmholtz::cuda {

/// Some machines of a piece of memory: number i of them is machine [i].
struct MachineList {
  const std::uint32_t* numbers = nullptr;  ///< [first + count]; null: they lie side by side
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t operator[](std::uint32_t i) const {
    return numbers == nullptr ? first + i : numbers[first + i];
  }
  /// Those from number `begin` on, at most `most`.
  [[nodiscard]] MachineList part(std::uint32_t begin, std::uint32_t most) const {
    const auto left = count - begin;
    return {numbers, first + begin, left < most ? left : most};
  }
};

}  // namespace helmholtz::cuda
