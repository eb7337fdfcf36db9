#include "backends/cpu_layered/kernels.hpp"

#include <cstdint>
#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_layered/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu_layered/columns.hpp"
#include "backends/cpu_layered/packed_tile-inl.hpp"
#include "backends/cpu_layered/tile_draws-inl.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

/// Element index[i] in lane i.
HWY_INLINE FloatOps::U gather(std::span<const std::uint32_t> array, FloatOps::U index) {
  const hn::RebindToSigned<FloatOps::DU> di;
  return hn::GatherIndex(FloatOps::DU(), array.data(), hn::BitCast(di, index));
}

/// How many of the ascending thresholds are <= word.
HWY_INLINE FloatOps::U count_up_to(std::span<const std::uint32_t> thresholds, FloatOps::U word) {
  auto below = FloatOps::set_bits(0);
  for (auto n = thresholds.size(); n > 0; n /= 2) {
    const auto half = static_cast<std::uint32_t>((n + 1) / 2);
    const auto probe = gather(thresholds, hn::Add(below, FloatOps::set_bits(half - 1)));
    const auto beyond = hn::Lt(word, probe);
    below = hn::Add(below, hn::IfThenZeroElse(beyond, FloatOps::set_bits(half)));
  }
  return below;
}

void find_starts(const World& world, const TileDraws& draws, std::size_t columns,
                 std::uint32_t* starts) {
  const auto stride = FloatOps::set_bits(static_cast<std::uint32_t>(world.words_per_pattern()));
  for (std::size_t first = 0; first < columns; first += kTileColumns) {
    auto own = draws;
    own.first_column += static_cast<std::uint32_t>(first);
    const auto end = std::min(columns - first, kTileColumns);
    Draws(own).columns(0, 0, end, [&](std::size_t c, const FloatOps::U* words) HWY_ATTR {
      const auto index = count_up_to(world.thresholds(), words[0]);
      hn::StoreU(hn::Mul(index, stride), FloatOps::DU(), starts + first + c);
    });
  }
}

void show_tile(std::span<const std::uint32_t> pattern_words, const std::uint32_t* starts,
               const Tile& tile, const PackedTile& units) {
  for (std::size_t j = 0; j < tile.rows.size(); j += 32) {
    const auto word = FloatOps::set_bits(static_cast<std::uint32_t>((tile.rows.begin + j) / 32));
    const auto count = std::min<std::size_t>(tile.rows.size() - j, 32);
    for (std::size_t c = 0; c < tile.columns.size(); c += kLanes) {
      const auto words =
          gather(pattern_words, hn::Add(hn::LoadU(FloatOps::DU(), starts + c), word));
      hn::StoreU(words, FloatOps::DU(), units.by_column + j / 32 * units.column_stride + c);
      for (std::size_t i = 0; i < count; ++i) {
        const auto on = hn::TestBit(words, FloatOps::set_bits(std::uint32_t{1} << i));
        store_bits(hn::RebindMask(FloatOps::D(), on), c, units.by_unit + j + i, units.unit_stride);
      }
    }
  }
}

/// Which units fire of a vector of activities.
HWY_INLINE FloatOps::B sampled(const float* activities, FloatOps::F bias, FloatOps::U words) {
  const auto d = one_plus_exp_minus<FloatOps>(FloatOps::add(FloatOps::load(activities), bias));
  return fires<FloatOps>(d, words);
}

void sample_tile(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
                 const PackedTile& units) {
  Draws words_of(draws);
  const auto end = draws.slot + activities.rows;
  for (auto block = draws.slot / 4; 4 * block < end; ++block) {
    const auto sample_block = [&](std::size_t c, const FloatOps::U* words) HWY_ATTR {
#pragma GCC unroll 4
      for (std::uint64_t i = 0; i < 4; ++i) {
        const auto j = 4 * block + i - draws.slot;  // wraps below the first slot
        if (j >= activities.rows) continue;
        const float* const own = activities.data + j * activities.stride + c;
        store_unit(sampled(own, FloatOps::set(bias[j]), words[i]), j, c, units);
      }
    };
    words_of.columns(block, 0, activities.columns, sample_block);
  }
}

/// Of a single column.
void sample_row(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
                const PackedTile& units) {
  HWY_ALIGN std::uint32_t words[kTileRows + 4 * kLanes + 4];
  const Draws words_of(draws);
  const auto skipped = static_cast<std::size_t>(draws.slot % 4);
  for (std::size_t i = 0; i < skipped + activities.rows; i += 4 * kLanes) {
    FloatOps::U w[4];
    words_of.blocks((draws.slot + i) / 4, w);
    hn::StoreInterleaved4(w[0], w[1], w[2], w[3], FloatOps::DU(), words + i);
  }
  for (std::size_t j = 0; j < activities.rows; j += kLanes) {
    const auto own = hn::LoadU(FloatOps::DU(), words + skipped + j);
    store_units(sampled(activities.data + j, hn::LoadU(FloatOps::D(), bias + j), own), j, units);
  }
}

/// One vector of activities becomes errors.
HWY_INLINE void subtract_vector(FloatOps::F targets, float* errors, FloatOps::F bias) {
  const auto p = sigmoid<FloatOps>(FloatOps::add(FloatOps::load(errors), bias));
  FloatOps::store(FloatOps::sub(targets, p), errors);
}

void subtract_tile(const PackedTile& targets, const Matrix& activities, const float* bias) {
  for (std::size_t j = 0; j < activities.rows; ++j) {
    const auto unit_bias = FloatOps::set(bias[j]);
    for (std::size_t b = 0; b < activities.columns; b += kLanes) {
      subtract_vector(unit_of_columns(targets, j, b), activities.data + j * activities.stride + b,
                      unit_bias);
    }
  }
}

void subtract_row(const std::uint32_t* targets, float* activities, std::size_t units,
                  const float* bias) {
  const auto first_column = FloatOps::set_bits(1);
  for (std::size_t j = 0; j < units; j += kLanes) {
    const auto on = hn::TestBit(hn::LoadU(FloatOps::DU(), targets + j), first_column);
    subtract_vector(FloatOps::bit(hn::RebindMask(FloatOps::D(), on)), activities + j,
                    hn::LoadU(FloatOps::D(), bias + j));
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(find_starts);
HWY_EXPORT(show_tile);
HWY_EXPORT(sample_tile);
HWY_EXPORT(sample_row);
HWY_EXPORT(subtract_tile);
HWY_EXPORT(subtract_row);

void find_patterns(const World& world, const TileDraws& draws, std::size_t columns,
                   std::uint32_t* starts) {
  HWY_DYNAMIC_DISPATCH(find_starts)(world, draws, columns, starts);
}

void show_patterns(std::span<const std::uint32_t> words, const std::uint32_t* starts,
                   const Tile& tile, const PackedTile& units) {
  HWY_DYNAMIC_DISPATCH(show_tile)(words, starts, tile, units);
}

void sample(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
            const PackedTile& units) {
  if (activities.stride == 1) {
    HWY_DYNAMIC_DISPATCH(sample_row)(activities, bias, draws, units);
    return;
  }
  HWY_DYNAMIC_DISPATCH(sample_tile)(activities, bias, draws, units);
}

void subtract_from(const PackedTile& targets, const Matrix& activities, const float* bias) {
  if (activities.stride == 1) {
    HWY_DYNAMIC_DISPATCH(subtract_row)(targets.by_unit, activities.data, activities.rows, bias);
    return;
  }
  HWY_DYNAMIC_DISPATCH(subtract_tile)(targets, activities, bias);
}

}  // namespace helmholtz::cpu_layered::kernels
#endif
