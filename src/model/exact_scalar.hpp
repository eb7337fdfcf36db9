#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// The exact class's arithmetic (exact_arithmetic.inl) on single floats.
namespace helmholtz::exact {

/// One float at a time, with fused multiply-adds that are never split or contracted.
struct Scalar {
  using F = float;
  using U = std::uint32_t;
  using B = bool;

  static F set(float x) { return x; }
  static U set_bits(std::uint32_t x) { return x; }
  static F fma(F a, F b, F c) { return std::fma(a, b, c); }
  static F fms(F a, F b, F c) { return std::fma(a, b, -c); }
  static F fnma(F a, F b, F c) { return std::fma(-a, b, c); }
  static F add(F a, F b) { return a + b; }
  static F sub(F a, F b) { return a - b; }
  static F mul(F a, F b) { return a * b; }
  static F min(F a, F b) { return a < b ? a : b; }
  static F max(F a, F b) { return a > b ? a : b; }
  static B less(F a, F b) { return a < b; }
  static U bits(F a) { return std::bit_cast<U>(a); }
  static F floats(U a) { return std::bit_cast<F>(a); }
  template <int n>
  static U shift_left(U a) {
    return a << n;
  }
  template <int n>
  static U shift_right(U a) {
    return a >> n;
  }
  static U add_bits(U a, U b) { return a + b; }
  static U sub_bits(U a, U b) { return a - b; }
  static U or_bits(U a, U b) { return a | b; }
};

#define HELMHOLTZ_FN inline
#include "model/exact_arithmetic.inl"
#undef HELMHOLTZ_FN

}  // namespace helmholtz::exact
