// A tile's units as bits, read and written a vector at a time, for one instruction set. Include
// only inside a foreach_target translation unit.
#if defined(HELMHOLTZ_PACKED_TILE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_PACKED_TILE_INL
#undef HELMHOLTZ_PACKED_TILE_INL
#else
#define HELMHOLTZ_PACKED_TILE_INL
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "backends/cpu_layered/kernels.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kLanes = FloatOps::kLanes;

/// Unit j of the columns from c on, a vector's first.
HWY_INLINE FloatOps::F unit_of_columns(const PackedTile& units, std::size_t j, std::size_t c) {
  const auto word = units.by_unit[c / 32 * units.unit_stride + j] >> c % 32;
  const auto lane = hn::Shl(FloatOps::set_bits(1), hn::Iota(FloatOps::DU(), 0));
  const auto on = hn::TestBit(FloatOps::set_bits(word), lane);
  return FloatOps::bit(hn::RebindMask(FloatOps::D(), on));
}

/// Bits i to i + kLanes - 1 of words `stride` apart; those before them are there already.
HWY_INLINE void store_bits(FloatOps::B on, std::size_t i, std::uint32_t* words,
                           std::size_t stride) {
  static_assert(std::endian::native == std::endian::little);
  auto* const byte = reinterpret_cast<std::uint8_t*>(words + i / 32 * stride) + i % 32 / 8;
  std::uint8_t some[8];  // as much as may be written
  hn::StoreMaskBits(FloatOps::D(), on, some);
  if constexpr (kLanes >= 8) {
    std::copy_n(some, kLanes / 8, byte);
  } else {
    const auto place = i % 8;
    *byte = static_cast<std::uint8_t>(place == 0 ? some[0] : *byte | some[0] << place);
  }
}

/// Unit j of the columns from c on; those before it are there already.
HWY_INLINE void store_unit(FloatOps::B on, std::size_t j, std::size_t c, const PackedTile& units) {
  const FloatOps::DU du;
  store_bits(on, c, units.by_unit + j, units.unit_stride);
  std::uint32_t* const words = units.by_column + j / 32 * units.column_stride + c;
  const auto bit =
      hn::IfThenElseZero(hn::RebindMask(du, on), FloatOps::set_bits(std::uint32_t{1} << j % 32));
  hn::StoreU(j % 32 == 0 ? bit : hn::Or(hn::LoadU(du, words), bit), du, words);
}

/// Units j to j + kLanes - 1 of a single column.
HWY_INLINE void store_units(FloatOps::B on, std::size_t j, const PackedTile& units) {
  const FloatOps::DU du;
  store_bits(on, j, units.by_column, units.column_stride);
  hn::StoreU(hn::IfThenElseZero(hn::RebindMask(du, on), FloatOps::set_bits(1)), du,
             units.by_unit + j);
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_PACKED_TILE_INL
