#pragma once

#include <cstdint>

#include "kernels/runtime/float_ops.hpp"

namespace helmholtz::cuda {

/// The nearest bfloat16 (ties to even), as bits; NaN stays NaN.
HELMHOLTZ_DEVICE std::uint16_t to_bf16(float x) {
  const auto bits = FloatOps::bits(x);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

HELMHOLTZ_DEVICE float from_bf16(std::uint16_t bits) {
  return FloatOps::floats(std::uint32_t{bits} << 16U);
}

/// x = parts[0] + parts[1] + parts[2], exactly for 2^-110 < |x| < 2^127: each part takes 8
/// significant bits of 24, and each difference is exact.
HELMHOLTZ_DEVICE void split_bf16(float x, std::uint16_t (&parts)[3]) {
  parts[0] = to_bf16(x);
  const float second = FloatOps::sub(x, from_bf16(parts[0]));
  parts[1] = to_bf16(second);
  parts[2] = to_bf16(FloatOps::sub(second, from_bf16(parts[1])));
}

}  // namespace helmholtz::cuda
