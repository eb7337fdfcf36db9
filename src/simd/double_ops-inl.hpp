// Vectors of float64 for one instruction set: the operations that portable_double.inl and
// exact_layers.inl need. Include only inside a foreach_target translation unit.
#if defined(HELMHOLTZ_SIMD_DOUBLE_OPS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_SIMD_DOUBLE_OPS_INL
#undef HELMHOLTZ_SIMD_DOUBLE_OPS_INL
#else
#define HELMHOLTZ_SIMD_DOUBLE_OPS_INL
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

struct DoubleOps {
  using D = hn::CappedTag<double, 8>;
  using DU = hn::RebindToUnsigned<D>;
  using F = hn::Vec<D>;
  using U = hn::Vec<DU>;
  using B = hn::Mask<D>;

  /// An array of vectors holds its element i in the doubles i * kLanes to i * kLanes + kLanes - 1.
  static constexpr std::size_t kLanes = hn::MaxLanes(D());

  static HWY_INLINE F set(double x) { return hn::Set(D(), x); }
  static HWY_INLINE U set_bits(std::uint64_t x) { return hn::Set(DU(), x); }
  static HWY_INLINE F load(const double* array, std::size_t i) {
    return hn::Load(D(), array + i * kLanes);
  }
  static HWY_INLINE void store(F x, double* array, std::size_t i) {
    hn::Store(x, D(), array + i * kLanes);
  }

  static HWY_INLINE F add(F a, F b) { return hn::Add(a, b); }
  static HWY_INLINE F sub(F a, F b) { return hn::Sub(a, b); }
  static HWY_INLINE F mul(F a, F b) { return hn::Mul(a, b); }
  static HWY_INLINE F div(F a, F b) { return hn::Div(a, b); }
  static HWY_INLINE F max(F a, F b) { return hn::Max(a, b); }
  static HWY_INLINE F minus_abs(F a) { return hn::Or(a, set(-0.0)); }
  static HWY_INLINE B less(F a, F b) { return hn::Lt(a, b); }
  static HWY_INLINE F select(B condition, F yes, F no) {
    return hn::IfThenElse(condition, yes, no);
  }
  static HWY_INLINE bool any(B condition) { return !hn::AllFalse(D(), condition); }
  static HWY_INLINE U bits(F a) { return hn::BitCast(DU(), a); }
  static HWY_INLINE F floats(U a) { return hn::BitCast(D(), a); }
  template <int n>
  static HWY_INLINE U shift_left(U a) {
    return hn::ShiftLeft<n>(a);
  }
  template <int n>
  static HWY_INLINE U shift_right(U a) {
    return hn::ShiftRight<n>(a);
  }
  static HWY_INLINE U add_bits(U a, U b) { return hn::Add(a, b); }
  static HWY_INLINE U and_bits(U a, U b) { return hn::And(a, b); }
  static HWY_INLINE U or_bits(U a, U b) { return hn::Or(a, b); }

#if HWY_NATIVE_FMA
  static HWY_INLINE F fma(F a, F b, F c) { return hn::MulAdd(a, b, c); }
  static HWY_INLINE F fnma(F a, F b, F c) { return hn::NegMulAdd(a, b, c); }
#else
  static HWY_INLINE F fma(F a, F b, F c) {
    HWY_ALIGN double x[kLanes];
    HWY_ALIGN double y[kLanes];
    HWY_ALIGN double z[kLanes];
    store(a, x, 0);
    store(b, y, 0);
    store(c, z, 0);
    for (std::size_t i = 0; i < kLanes; ++i) x[i] = std::fma(x[i], y[i], z[i]);
    return load(x, 0);
  }
  static HWY_INLINE F fnma(F a, F b, F c) { return fma(hn::Neg(a), b, c); }
#endif
};

namespace portable {
#define HELMHOLTZ_FN HWY_INLINE
#include "model/portable_double.inl"
#undef HELMHOLTZ_FN
}  // namespace portable

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_SIMD_DOUBLE_OPS_INL
