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
HWY_INLINE void transpose_4x4(const float* in, std::size_t stride, float* out,
                              std::size_t out_stride) {
  const hn::CappedTag<float, 4> d;
  const auto r0 = hn::LoadU(d, in);
  const auto r1 = hn::LoadU(d, in + stride);
  const auto r2 = hn::LoadU(d, in + 2 * stride);
  const auto r3 = hn::LoadU(d, in + 3 * stride);
  const auto even_low = hn::InterleaveLower(d, r0, r2);
  const auto odd_low = hn::InterleaveLower(d, r1, r3);
  const auto even_high = hn::InterleaveUpper(d, r0, r2);
  const auto odd_high = hn::InterleaveUpper(d, r1, r3);
  hn::StoreU(hn::InterleaveLower(d, even_low, odd_low), d, out);
  hn::StoreU(hn::InterleaveUpper(d, even_low, odd_low), d, out + out_stride);
  hn::StoreU(hn::InterleaveLower(d, even_high, odd_high), d, out + 2 * out_stride);
  hn::StoreU(hn::InterleaveUpper(d, even_high, odd_high), d, out + 3 * out_stride);
}
#else
HWY_INLINE void transpose_4x4(const float* in, std::size_t stride, float* out,
                              std::size_t out_stride) {
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 4; ++c) out[c * out_stride + r] = in[r * stride + c];
  }
}
#endif

/// out[c][r] = in[r][c]; nothing else is read or written.
HWY_INLINE void transpose(const ConstMatrix& in, float* out, std::size_t out_stride) {
  const auto whole_rows = in.rows / 4 * 4;
  const auto whole_columns = in.columns / 4 * 4;
  for (std::size_t r = 0; r < whole_rows; r += 4) {
    for (std::size_t c = 0; c < whole_columns; c += 4) {
      transpose_4x4(in.data + r * in.stride + c, in.stride, out + c * out_stride + r, out_stride);
    }
  }
  for (std::size_t r = 0; r < in.rows; ++r) {
    for (auto c = r < whole_rows ? whole_columns : 0; c < in.columns; ++c) {
      out[c * out_stride + r] = in.data[r * in.stride + c];
    }
  }
}

/// Sums of products move a row of parameters.
HWY_INLINE void add_scaled(float rate, const float* sums, std::size_t count, float* row) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto by = FloatOps::mul(FloatOps::set(rate), FloatOps::load(sums + i));
    hn::StoreU(FloatOps::add(hn::LoadU(FloatOps::D(), row + i), by), FloatOps::D(), row + i);
  }
  for (; i < count; ++i) row[i] += rate * sums[i];
}

}  // namespace helmholtz::products::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_SMALL_MATRICES_INL
