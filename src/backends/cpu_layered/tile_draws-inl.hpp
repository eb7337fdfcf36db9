// The random words of a tile, in vectors for one instruction set. Include only inside a
// foreach_target translation unit.
#if defined(HELMHOLTZ_TILE_DRAWS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_TILE_DRAWS_INL
#undef HELMHOLTZ_TILE_DRAWS_INL
#else
#define HELMHOLTZ_TILE_DRAWS_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "backends/cpu_layered/columns.hpp"
#include "backends/cpu_layered/kernels.hpp"
#include "backends/cpu_layered/packed_tile-inl.hpp"
#include "helmholtz/random.hpp"
#include "simd/float_ops-inl.hpp"
#include "simd/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

/// The words of a tile's draws, a vector of blocks at a time, four words a block.
class Draws {
 public:
  HWY_INLINE explicit Draws(const TileDraws& draws) : keys_(draws.seed), draws_(draws) {}

  /// Lane = column: calls body(c, words) with a block of the rows of the columns from c on, for
  /// columns [first, end) of the tile; `first` is a multiple of kLanes.
  template <class Body>
  HWY_INLINE void columns(std::uint64_t block, std::size_t first, std::size_t end, Body body) {
    const auto number = draws_.first_block + block;
    const auto high = static_cast<std::uint32_t>(number >> 32U);
    if (prepared_ < end || high != high_) prepare_rows(end, high);
    const PhiloxBlock uniform(draws_.seed, RandomPurpose::training, number);
    for (auto c = first; c < end; c += kLanes) {
      FloatOps::U words[4];
      philox_rows(uniform, rows_[c / kLanes], keys_, words);
      body(c, words);
    }
  }

  /// Lane = block: consecutive blocks of the first column's row.
  HWY_INLINE void blocks(std::uint64_t block, FloatOps::U* HWY_RESTRICT words) const {
    const auto first = FloatOps::set_bits(static_cast<std::uint32_t>(draws_.first_block + block));
    const auto low = hn::Add(first, lane_numbers());
    const auto carry = hn::IfThenElseZero(hn::Lt(low, first), FloatOps::set_bits(1));
    const auto high = hn::Add(
        FloatOps::set_bits(static_cast<std::uint32_t>((draws_.first_block + block) >> 32U)), carry);
    philox({SplitLanes::split(low), SplitLanes::split(high), SplitLanes::broadcast(draws_.row(0)),
            SplitLanes::broadcast(static_cast<std::uint32_t>(RandomPurpose::training))},
           keys_, words);
  }

 private:
  static HWY_INLINE FloatOps::U lane_numbers() { return hn::Iota(FloatOps::DU(), 0); }

  HWY_INLINE void prepare_rows(std::size_t columns, std::uint32_t high) {
    HWY_ALIGN std::uint32_t rows[kLanes];
    for (std::size_t c = 0; c < columns; c += kLanes) {
      for (std::size_t i = 0; i < kLanes; ++i)
        rows[i] = draws_.row(static_cast<std::uint32_t>(c + i));
      rows_[c / kLanes] = PhiloxRows(draws_.seed, hn::Load(FloatOps::DU(), rows), high);
    }
    prepared_ = columns;
    high_ = high;
  }

  PhiloxKeys keys_;
  const TileDraws& draws_;
  std::size_t prepared_ = 0;  ///< columns that rows_ holds
  std::uint32_t high_ = 0;    ///< upper half of the block numbers that rows_ is for
  PhiloxRows rows_[kTileColumns / kLanes];
};

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_TILE_DRAWS_INL
