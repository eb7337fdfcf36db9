// Units as vectors of 0 and 1, from their bits, for one instruction set. Include only inside a
// foreach_target translation unit.
#if defined(HELMHOLTZ_PACKED_TARGETS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_PACKED_TARGETS_INL
#undef HELMHOLTZ_PACKED_TARGETS_INL
#else
#define HELMHOLTZ_PACKED_TARGETS_INL
#endif

#include <hwy/highway.h>

#include <cstddef>

#include "backends/cpu_layered/kernels.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using helmholtz::HWY_NAMESPACE::FloatOps;

/// Unit j of the columns from c on, a vector's first.
HWY_INLINE FloatOps::F unit_of_columns(const PackedTile& units, std::size_t j, std::size_t c) {
  namespace hn = hwy::HWY_NAMESPACE;
  const auto word = units.by_unit[c / 32 * units.unit_stride + j] >> c % 32;
  const auto lane = hn::Shl(FloatOps::set_bits(1), hn::Iota(FloatOps::DU(), 0));
  const auto on = hn::TestBit(FloatOps::set_bits(word), lane);
  return FloatOps::bit(hn::RebindMask(FloatOps::D(), on));
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_PACKED_TARGETS_INL
