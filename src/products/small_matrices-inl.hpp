// What products of floats and units share. Include only inside a foreach_target translation unit.
#if defined(HELMHOLTZ_SMALL_MATRICES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_SMALL_MATRICES_INL
#undef HELMHOLTZ_SMALL_MATRICES_INL
#else
#define HELMHOLTZ_SMALL_MATRICES_INL
#endif

#include <hwy/highway.h>

#include <cstddef>

#include "base/matrix.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::products::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kLanes = FloatOps::kLanes;

#if HWY_TARGET != HWY_SCALAR
/// The four floats at `in` of rows 0, 4, 8, ..., one after the other.
template <class D>
HWY_INLINE hn::Vec<D> every_fourth_row(D d, const float* in, std::size_t stride) {
  if constexpr (hn::MaxLanes(d) == 4) {
    return hn::LoadU(d, in);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, every_fourth_row(half, in + hn::MaxLanes(d) / 2 * stride, stride),
                       every_fourth_row(half, in, stride));
  }
}

/// As many rows as `d` has lanes, of four columns.
template <class D>
HWY_INLINE void transpose_columns(D d, const float* in, std::size_t stride, float* out,
                                  std::size_t out_stride) {
  const auto r0 = every_fourth_row(d, in, stride);
  const auto r1 = every_fourth_row(d, in + stride, stride);
  const auto r2 = every_fourth_row(d, in + 2 * stride, stride);
  const auto r3 = every_fourth_row(d, in + 3 * stride, stride);
  const auto even_low = hn::InterleaveLower(d, r0, r2);
  const auto odd_low = hn::InterleaveLower(d, r1, r3);
  const auto even_high = hn::InterleaveUpper(d, r0, r2);
  const auto odd_high = hn::InterleaveUpper(d, r1, r3);
  hn::StoreU(hn::InterleaveLower(d, even_low, odd_low), d, out);
  hn::StoreU(hn::InterleaveUpper(d, even_low, odd_low), d, out + out_stride);
  hn::StoreU(hn::InterleaveLower(d, even_high, odd_high), d, out + 2 * out_stride);
  hn::StoreU(hn::InterleaveUpper(d, even_high, odd_high), d, out + 3 * out_stride);
}

/// Rows from `begin` on while as many as `d` has lanes are left, of columns in fours.
/// @return the first row that is left
template <class D>
HWY_INLINE std::size_t transpose_rows(D d, const ConstMatrix& in, std::size_t begin, float* out,
                                      std::size_t out_stride) {
  constexpr auto kRows = hn::MaxLanes(D());
  for (; begin + kRows <= in.rows; begin += kRows) {
    for (std::size_t c = 0; c + 4 <= in.columns; c += 4) {
      transpose_columns(d, in.data + begin * in.stride + c, in.stride, out + c * out_stride + begin,
                        out_stride);
    }
  }
  return begin;
}
#endif

/// out[c][r] = in[r][c]; nothing else is read or written.
HWY_INLINE void transpose(const ConstMatrix& in, float* out, std::size_t out_stride) {
  std::size_t whole_rows = 0;
#if HWY_TARGET != HWY_SCALAR
  whole_rows = transpose_rows(FloatOps::D(), in, 0, out, out_stride);
  whole_rows = transpose_rows(hn::CappedTag<float, 4>(), in, whole_rows, out, out_stride);
#endif
  const auto copy = [&](std::size_t begin, std::size_t end, std::size_t first_column) HWY_ATTR {
    for (std::size_t c = first_column; c < in.columns; ++c) {
      for (std::size_t r = begin; r < end; ++r) {
        out[c * out_stride + r] = in.data[r * in.stride + c];
      }
    }
  };
  copy(0, whole_rows, in.columns / 4 * 4);
  copy(whole_rows, in.rows, 0);
}

}  // namespace helmholtz::products::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_SMALL_MATRICES_INL
