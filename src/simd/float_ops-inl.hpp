// Vectors of float32 for one instruction set: the operations that exact_arithmetic.inl needs, and
// one bit a lane that switches additions on. Include only inside a foreach_target translation unit.
#if defined(HELMHOLTZ_SIMD_FLOAT_OPS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_SIMD_FLOAT_OPS_INL
#undef HELMHOLTZ_SIMD_FLOAT_OPS_INL
#else
#define HELMHOLTZ_SIMD_FLOAT_OPS_INL
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// At most 16 floats a vector: a block of 16 machines holds a whole number of vectors.
struct FloatOps {
  using D = hn::CappedTag<float, 16>;
  using DU = hn::RebindToUnsigned<D>;
  using F = hn::Vec<D>;
  using U = hn::Vec<DU>;
  using B = hn::Mask<D>;

  static constexpr std::size_t kLanes = HWY_LANES(float) < 16 ? HWY_LANES(float) : 16;

  /// Sums that fit into the registers beside what else a layer needs.
  static constexpr int kTile = kLanes == 16 ? 12 : 6;

  static HWY_INLINE F set(float x) { return hn::Set(D(), x); }
  static HWY_INLINE U set_bits(std::uint32_t x) { return hn::Set(DU(), x); }
  static HWY_INLINE F load(const float* p) { return hn::Load(D(), p); }
  static HWY_INLINE void store(F x, float* p) { hn::Store(x, D(), p); }

  static HWY_INLINE F add(F a, F b) { return hn::Add(a, b); }
  static HWY_INLINE F sub(F a, F b) { return hn::Sub(a, b); }
  static HWY_INLINE F mul(F a, F b) { return hn::Mul(a, b); }
  static HWY_INLINE F div(F a, F b) { return hn::Div(a, b); }
  static HWY_INLINE F sqrt(F a) { return hn::Sqrt(a); }
  static HWY_INLINE F min(F a, F b) { return hn::Min(a, b); }
  static HWY_INLINE F max(F a, F b) { return hn::Max(a, b); }
  static HWY_INLINE B less(F a, F b) { return hn::Lt(a, b); }
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
  static HWY_INLINE U sub_bits(U a, U b) { return hn::Sub(a, b); }
  static HWY_INLINE U and_bits(U a, U b) { return hn::And(a, b); }
  static HWY_INLINE U or_bits(U a, U b) { return hn::Or(a, b); }
  static HWY_INLINE F from_signed(U a) {
    return hn::ConvertTo(D(), hn::BitCast(hn::RebindToSigned<D>(), a));
  }

#if HWY_NATIVE_FMA
  static HWY_INLINE F fma(F a, F b, F c) { return hn::MulAdd(a, b, c); }
  static HWY_INLINE F fms(F a, F b, F c) { return hn::MulSub(a, b, c); }
  static HWY_INLINE F fnma(F a, F b, F c) { return hn::NegMulAdd(a, b, c); }
#else
  static HWY_INLINE F fma(F a, F b, F c) {
    HWY_ALIGN float x[kLanes];
    HWY_ALIGN float y[kLanes];
    HWY_ALIGN float z[kLanes];
    store(a, x);
    store(b, y);
    store(c, z);
    for (std::size_t i = 0; i < kLanes; ++i) x[i] = std::fma(x[i], y[i], z[i]);
    return load(x);
  }
  static HWY_INLINE F fms(F a, F b, F c) { return fma(a, b, hn::Neg(c)); }
  static HWY_INLINE F fnma(F a, F b, F c) { return fma(hn::Neg(a), b, c); }
#endif

  /// One unit's state in every lane, as 0 or 1: the product with it is exact, so a fused
  /// multiply-add is a conditional addition.
  using Bit = F;
  static HWY_INLINE Bit bit(B fires) { return hn::IfThenElseZero(fires, set(1.0F)); }
#if HWY_NATIVE_FMA
  static HWY_INLINE F add_if(Bit on, F sum, F x) { return hn::MulAdd(on, x, sum); }
#else
  static HWY_INLINE F add_if(Bit on, F sum, F x) { return hn::Add(sum, hn::Mul(on, x)); }
#endif
  /// The bits of a word move down, and the unit's comes in at the top.
  static HWY_INLINE U shift_in(U word, Bit unit) {
    // 1.0F has the lowest bit of its exponent set.
    const auto on = hn::And(bits(unit), set_bits(1U << 23U));
    return hn::Or(hn::ShiftRight<1>(word), hn::ShiftLeft<8>(on));
  }
  static HWY_INLINE F error(Bit state, F p) { return hn::Sub(state, p); }
};

#define HELMHOLTZ_FN HWY_INLINE
#include "model/exact_arithmetic.inl"
#undef HELMHOLTZ_FN

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_SIMD_FLOAT_OPS_INL
