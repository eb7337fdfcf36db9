#pragma once

#include "kernels/runtime/portable.hpp"

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

}  // namespace helmholtz::cuda
