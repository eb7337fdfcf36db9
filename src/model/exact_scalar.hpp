#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

namespace helmholtz {

/// The operations of exact_arithmetic.inl and portable_double.inl on one number at a time, with
/// fused multiply-adds that are never split or contracted.
template <class Real>
struct ScalarOps {
  using F = Real;
  using U = std::conditional_t<std::is_same_v<Real, float>, std::uint32_t, std::uint64_t>;
  using B = bool;

  static F set(Real x) { return x; }
  static U set_bits(U x) { return x; }
  static F fma(F a, F b, F c) { return std::fma(a, b, c); }
  static F fms(F a, F b, F c) { return std::fma(a, b, -c); }
  static F fnma(F a, F b, F c) { return std::fma(-a, b, c); }
  static F add(F a, F b) { return a + b; }
  static F sub(F a, F b) { return a - b; }
  static F mul(F a, F b) { return a * b; }
  static F div(F a, F b) { return a / b; }
  static F sqrt(F a) { return std::sqrt(a); }
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
  static U and_bits(U a, U b) { return a & b; }
  static U or_bits(U a, U b) { return a | b; }
  static F from_signed(U a) { return static_cast<F>(static_cast<std::make_signed_t<U>>(a)); }
};

/// The exact class's arithmetic on single floats.
namespace exact {

using Scalar = ScalarOps<float>;

#define HELMHOLTZ_FN inline
#include "model/exact_arithmetic.inl"
#undef HELMHOLTZ_FN

}  // namespace exact
}  // namespace helmholtz
