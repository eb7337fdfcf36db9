#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "evaluate/exact_plan_view.hpp"
#include "kernels/runtime/float_ops.hpp"

/// The exact evaluation (src/evaluate/exact_layers.inl) for one machine a thread, in double.
namespace helmholtz::cuda {

/// What rounds: on a device, intrinsics that no compiler contracts.
#ifdef __CUDACC__
struct DoubleArithmetic {
  static HELMHOLTZ_DEVICE double fma(double a, double b, double c) { return __fma_rn(a, b, c); }
  static HELMHOLTZ_DEVICE double add(double a, double b) { return __dadd_rn(a, b); }
  static HELMHOLTZ_DEVICE double sub(double a, double b) { return __dsub_rn(a, b); }
  static HELMHOLTZ_DEVICE double mul(double a, double b) { return __dmul_rn(a, b); }
  static HELMHOLTZ_DEVICE double div(double a, double b) { return __ddiv_rn(a, b); }
  static HELMHOLTZ_DEVICE std::uint64_t bits(double a) {
    return static_cast<std::uint64_t>(__double_as_longlong(a));
  }
  static HELMHOLTZ_DEVICE double floats(std::uint64_t a) {
    return __longlong_as_double(static_cast<long long>(a));
  }
};
#else
struct DoubleArithmetic {
  static double fma(double a, double b, double c) { return std::fma(a, b, c); }
  static double add(double a, double b) { return a + b; }
  static double sub(double a, double b) { return a - b; }
  static double mul(double a, double b) { return a * b; }
  static double div(double a, double b) { return a / b; }
  static std::uint64_t bits(double a) { return std::bit_cast<std::uint64_t>(a); }
  static double floats(std::uint64_t a) { return std::bit_cast<double>(a); }
};
#endif

/// Arrays hold `lanes` machines side by side: element i of a machine is lanes * i behind its first.
template <int lanes>
struct DoubleOps : DoubleArithmetic, IntegerOps<std::uint64_t> {
  using F = double;
  using B = bool;

  static HELMHOLTZ_DEVICE F set(double x) { return x; }
  static HELMHOLTZ_DEVICE F load(const double* array, std::size_t i) { return array[i * lanes]; }
  static HELMHOLTZ_DEVICE void store(F x, double* array, std::size_t i) { array[i * lanes] = x; }
  static HELMHOLTZ_DEVICE F fnma(F a, F b, F c) { return fma(-a, b, c); }
  static HELMHOLTZ_DEVICE F max(F a, F b) { return a > b ? a : b; }
  static HELMHOLTZ_DEVICE F minus_abs(F a) { return a < 0.0 ? a : -a; }
  static HELMHOLTZ_DEVICE B less(F a, F b) { return a < b; }
  static HELMHOLTZ_DEVICE F select(B condition, F yes, F no) { return condition ? yes : no; }
  static HELMHOLTZ_DEVICE bool any(B condition) { return condition; }
};

#define HELMHOLTZ_FN HELMHOLTZ_DEVICE
namespace portable {
#include "model/portable_double.inl"
}  // namespace portable
#include "evaluate/exact_layers.inl"
#include "evaluate/kl_from_counts.inl"
#undef HELMHOLTZ_FN

}  // namespace helmholtz::cuda
