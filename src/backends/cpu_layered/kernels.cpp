#include "backends/cpu_layered/kernels.hpp"

#include <cstdint>
#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_layered/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu_layered/tiles.hpp"
#include "helmholtz/random.hpp"
#include "simd/float_ops-inl.hpp"
#include "simd/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;

constexpr std::size_t kLanes = FloatOps::kLanes;

/// The words of consecutive batch rows, lane = row.
class RowDraws {
 public:
  HWY_INLINE explicit RowDraws(const TileDraws& draws)
      : keys_(FloatOps::set_bits(static_cast<std::uint32_t>(draws.seed)),
              FloatOps::set_bits(static_cast<std::uint32_t>(draws.seed >> 32U))),
        first_block_(draws.first_block),
        first_row_(draws.first_row) {}

  /// The words of slots 4 * block to 4 * block + 3, for the rows of the tile from b.
  HWY_INLINE void block(std::uint64_t block, std::size_t b, FloatOps::U* HWY_RESTRICT words) const {
    const auto row = FloatOps::set_bits(first_row_ + static_cast<std::uint32_t>(b));
    philox_block(keys_, first_block_ + block,
                 SplitLanes::split(hn::Add(row, hn::Iota(FloatOps::DU(), 0))),
                 static_cast<std::uint32_t>(RandomPurpose::training), words);
  }

 private:
  PhiloxKeys keys_;
  std::uint64_t first_block_;
  std::uint32_t first_row_;
};

/// How many of the ascending thresholds are <= word. No branch depends on the word: it is random.
HWY_INLINE std::size_t count_up_to(std::span<const std::uint32_t> thresholds, std::uint32_t word) {
  std::size_t below = 0;
  for (auto n = thresholds.size(); n > 0; n /= 2) {
    const auto half = (n + 1) / 2;
    below += thresholds[below + half - 1] <= word ? half : 0;
  }
  return below;
}

/// The patterns that the rows of a tile draw.
HWY_INLINE void find_patterns(const World& world, const TileDraws& draws, std::size_t rows,
                              const std::uint32_t** patterns) {
  const RowDraws row_draws(draws);
  for (std::size_t b = 0; b < rows; b += kLanes) {
    FloatOps::U words[4];
    row_draws.block(0, b, words);
    HWY_ALIGN std::uint32_t lanes[kLanes];
    hn::Store(words[0], FloatOps::DU(), lanes);
    for (std::size_t i = 0; i < kLanes; ++i) {
      patterns[b + i] = world.words().data() +
                        count_up_to(world.thresholds(), lanes[i]) * world.words_per_pattern();
    }
  }
}

void draw_tile(const World& world, const TileDraws& draws, std::size_t first, const Matrix& units) {
  const std::uint32_t* patterns[kTileColumns];
  find_patterns(world, draws, units.columns, patterns);
  HWY_ALIGN std::uint32_t words[kTileColumns] = {};
  for (std::size_t j = 0; j < units.rows; ++j) {
    if (j % 32 == 0) {
      for (std::size_t b = 0; b < units.columns; ++b) words[b] = patterns[b][(first + j) / 32];
    }
    const auto bit = FloatOps::set_bits(1U << (j % 32));
    for (std::size_t b = 0; b < units.columns; b += kLanes) {
      const auto on = hn::TestBit(hn::Load(FloatOps::DU(), words + b), bit);
      FloatOps::store(FloatOps::bit(hn::RebindMask(FloatOps::D(), on)),
                      units.data + j * units.stride + b);
    }
  }
}

void sample_tile(const Matrix& activities, const float* bias, const TileDraws& draws) {
  const RowDraws rows(draws);
  const auto end = draws.slot + activities.rows;
  for (auto block = draws.slot / 4; 4 * block < end; ++block) {
    for (std::size_t b = 0; b < activities.columns; b += kLanes) {
      FloatOps::U words[4];
      rows.block(block, b, words);
#pragma GCC unroll 4
      for (std::uint64_t i = 0; i < 4; ++i) {
        const auto j = 4 * block + i - draws.slot;  // wraps below the first slot
        if (j >= activities.rows) continue;
        float* const units = activities.data + j * activities.stride + b;
        const auto d = one_plus_exp_minus<FloatOps>(
            FloatOps::add(FloatOps::load(units), FloatOps::set(bias[j])));
        FloatOps::store(FloatOps::bit(fires<FloatOps>(d, words[i])), units);
      }
    }
  }
}

void subtract_tile(const float* targets, const Matrix& activities, const float* bias) {
  for (std::size_t j = 0; j < activities.rows; ++j) {
    const float* const target = targets + j * activities.stride;
    float* const errors = activities.data + j * activities.stride;
    const auto unit_bias = FloatOps::set(bias[j]);
    for (std::size_t b = 0; b < activities.columns; b += kLanes) {
      const auto p = sigmoid<FloatOps>(FloatOps::add(FloatOps::load(errors + b), unit_bias));
      FloatOps::store(FloatOps::sub(FloatOps::load(target + b), p), errors + b);
    }
  }
}

void clamp_tile(const Matrix& weights) {
  for (std::size_t j = 0; j < weights.rows; ++j) {
    float* const row = weights.data + j * weights.stride;
    for (std::size_t i = 0; i < weights.columns; ++i) row[i] = row[i] < 0.0F ? 0.0F : row[i];
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(draw_tile);
HWY_EXPORT(sample_tile);
HWY_EXPORT(subtract_tile);
HWY_EXPORT(clamp_tile);

void draw_patterns(const World& world, const TileDraws& draws, std::size_t first,
                   const Matrix& units) {
  HWY_DYNAMIC_DISPATCH(draw_tile)(world, draws, first, units);
}

void sample(const Matrix& activities, const float* bias, const TileDraws& draws) {
  HWY_DYNAMIC_DISPATCH(sample_tile)(activities, bias, draws);
}

void subtract_from(const float* targets, const Matrix& activities, const float* bias) {
  HWY_DYNAMIC_DISPATCH(subtract_tile)(targets, activities, bias);
}

void clamp_negative(const Matrix& weights) { HWY_DYNAMIC_DISPATCH(clamp_tile)(weights); }

}  // namespace helmholtz::cpu_layered::kernels
#endif
