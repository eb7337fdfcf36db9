#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#ifndef __CUDACC__
#include "model/exact_scalar.hpp"
#endif

#include "helmholtz/contract.hpp"
#include "kernels/runtime/portable.hpp"
#include "step/static_shape.hpp"

/// The operations of exact_arithmetic.inl and wake_sleep.inl on one machine, and these two files'
/// functions for them.
namespace helmholtz::cuda {

/// The operations of exact_arithmetic.inl and portable_double.inl on the bits of numbers.
template <class Bits>
struct IntegerOps {
  using U = Bits;

  static HELMHOLTZ_DEVICE U set_bits(U x) { return x; }
  template <int n>
  static HELMHOLTZ_DEVICE U shift_left(U a) {
    return a << n;
  }
  template <int n>
  static HELMHOLTZ_DEVICE U shift_right(U a) {
    return a >> n;
  }
  static HELMHOLTZ_DEVICE U add_bits(U a, U b) { return a + b; }
  static HELMHOLTZ_DEVICE U sub_bits(U a, U b) { return a - b; }
  static HELMHOLTZ_DEVICE U and_bits(U a, U b) { return a & b; }
  static HELMHOLTZ_DEVICE U or_bits(U a, U b) { return a | b; }
};

#ifdef __CUDACC__
struct Arithmetic : IntegerOps<std::uint32_t> {
  using F = float;
  using B = bool;

  static HELMHOLTZ_DEVICE F set(float x) { return x; }
  static HELMHOLTZ_DEVICE F fma(F a, F b, F c) { return __fmaf_rn(a, b, c); }
  static HELMHOLTZ_DEVICE F fms(F a, F b, F c) { return __fmaf_rn(a, b, -c); }
  static HELMHOLTZ_DEVICE F fnma(F a, F b, F c) { return __fmaf_rn(-a, b, c); }
  static HELMHOLTZ_DEVICE F add(F a, F b) { return __fadd_rn(a, b); }
  static HELMHOLTZ_DEVICE F sub(F a, F b) { return __fsub_rn(a, b); }
  static HELMHOLTZ_DEVICE F mul(F a, F b) { return __fmul_rn(a, b); }
  static HELMHOLTZ_DEVICE F div(F a, F b) { return __fdiv_rn(a, b); }
  static HELMHOLTZ_DEVICE F sqrt(F a) { return __fsqrt_rn(a); }
  static HELMHOLTZ_DEVICE F min(F a, F b) { return fminf(a, b); }
  static HELMHOLTZ_DEVICE F max(F a, F b) { return fmaxf(a, b); }
  static HELMHOLTZ_DEVICE B less(F a, F b) { return a < b; }
  static HELMHOLTZ_DEVICE U bits(F a) { return __float_as_uint(a); }
  static HELMHOLTZ_DEVICE F floats(U a) { return __uint_as_float(a); }
  static HELMHOLTZ_DEVICE F from_signed(U a) { return __int2float_rn(static_cast<int>(a)); }
};
#else
using Arithmetic = exact::Scalar;
#endif

struct FloatOps : Arithmetic {
  /// A unit's state as 0 or 1: the product with it is exact, so a fused multiply-add is a
  /// conditional addition, and cheaper than a predicated one.
  using Bit = float;
  static constexpr int kTile = 8;
  static HELMHOLTZ_DEVICE Bit bit(bool on) { return on ? 1.0F : 0.0F; }
  static HELMHOLTZ_DEVICE F add_if(Bit on, F sum, F x) {
#ifdef __CUDACC__
    return fma(on, x, sum);
#else
    return add(sum, mul(on, x));
#endif
  }
  static HELMHOLTZ_DEVICE F error(Bit state, F p) { return sub(state, p); }
};

#define HELMHOLTZ_FN HELMHOLTZ_DEVICE
#define HELMHOLTZ_BODY HELMHOLTZ_DEVICE_BODY
#include "model/exact_arithmetic.inl"
// The training step needs the arithmetic before it.
#include "step/wake_sleep.inl"
// Particles need the step before them.
#include "step/reweighted.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

}  // namespace helmholtz::cuda
