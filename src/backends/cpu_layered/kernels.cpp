#include "backends/cpu_layered/kernels.hpp"

#include <algorithm>
#include <cstring>

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

using F = FloatOps::F;
constexpr std::size_t kLanes = FloatOps::kLanes;

/// The first `count` floats, zeros in the other lanes; nothing behind them is read.
HWY_INLINE F load_some(const float* from, std::size_t count) {
  if (count >= kLanes) return hn::LoadU(FloatOps::D(), from);
  HWY_ALIGN float lanes[kLanes] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return FloatOps::load(lanes);
}

HWY_INLINE void store_some(F x, float* to, std::size_t count) {
  if (count >= kLanes) {
    hn::StoreU(x, FloatOps::D(), to);
    return;
  }
  HWY_ALIGN float lanes[kLanes];
  FloatOps::store(x, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
}

/// The words of consecutive blocks of one row, four a block.
class RowWords {
 public:
  RowWords(std::uint64_t seed, std::uint64_t first_block)
      : keys_(FloatOps::set_bits(static_cast<std::uint32_t>(seed)),
              FloatOps::set_bits(static_cast<std::uint32_t>(seed >> 32U))),
        first_block_(first_block) {}

  /// words[i] = word i % 4 of block first_block + i / 4, for i < count and up to 4 * kLanes more.
  HWY_INLINE void fill(std::uint32_t row, std::size_t count, std::uint32_t* words) const {
    for (std::size_t i = 0; i < count; i += 4 * kLanes) {
      PhiloxCounter c = counter(row, first_block_ + i / 4);
      for (int round = 0; round < PhiloxConstants::kRounds; ++round) {
        c = philox_round(c, keys_, round);
      }
      hn::StoreInterleaved4(c.c0.joined(), c.c1.joined(), c.c2.joined(), c.c3.joined(),
                            FloatOps::DU(), words + i);
    }
  }

 private:
  /// Lane = block.
  static HWY_INLINE PhiloxCounter counter(std::uint32_t row, std::uint64_t block) {
    const auto first = FloatOps::set_bits(static_cast<std::uint32_t>(block));
    const auto low = hn::Add(first, hn::Iota(FloatOps::DU(), 0));
    const auto carry = hn::IfThenElseZero(hn::Lt(low, first), FloatOps::set_bits(1));
    const auto high = hn::Add(FloatOps::set_bits(static_cast<std::uint32_t>(block >> 32U)), carry);
    return {SplitLanes::split(low), SplitLanes::split(high), SplitLanes::broadcast(row),
            SplitLanes::broadcast(static_cast<std::uint32_t>(RandomPurpose::training))};
  }

  PhiloxKeys keys_;
  std::uint64_t first_block_;
};

void sample_tile(const Matrix& activities, const float* bias, const TileDraws& draws) {
  HWY_ALIGN std::uint32_t words[kTileColumns + 4 * kLanes + 4];
  const auto skipped = static_cast<std::size_t>(draws.slot % 4);
  const RowWords row_words(draws.seed, draws.first_block + draws.slot / 4);
  for (std::size_t r = 0; r < activities.rows; ++r) {
    row_words.fill(draws.first_row + static_cast<std::uint32_t>(r), skipped + activities.columns,
                   words);
    float* const units = activities.data + r * activities.stride;
    for (std::size_t j = 0; j < activities.columns; j += kLanes) {
      const auto n = activities.columns - j;
      const auto d = one_plus_exp_minus<FloatOps>(
          FloatOps::add(load_some(units + j, n), load_some(bias + j, n)));
      const auto on = fires<FloatOps>(d, hn::LoadU(FloatOps::DU(), words + skipped + j));
      store_some(hn::IfThenElseZero(on, FloatOps::set(1.0F)), units + j, n);
    }
  }
}

void subtract_tile(const float* targets, const Matrix& activities, const float* bias) {
  for (std::size_t r = 0; r < activities.rows; ++r) {
    const float* const target = targets + r * activities.stride;
    float* const errors = activities.data + r * activities.stride;
    for (std::size_t j = 0; j < activities.columns; j += kLanes) {
      const auto n = activities.columns - j;
      const auto p =
          sigmoid<FloatOps>(FloatOps::add(load_some(errors + j, n), load_some(bias + j, n)));
      store_some(FloatOps::sub(load_some(target + j, n), p), errors + j, n);
    }
  }
}

void learn_bias_tile(float rate, const ConstMatrix& errors, float* bias) {
  for (std::size_t j = 0; j < errors.columns; j += kLanes) {
    const auto n = errors.columns - j;
    auto sum = FloatOps::set(0.0F);
    for (std::size_t r = 0; r < errors.rows; ++r) {
      sum = FloatOps::add(sum, load_some(errors.data + r * errors.stride + j, n));
    }
    store_some(FloatOps::fma(FloatOps::set(rate), sum, load_some(bias + j, n)), bias + j, n);
  }
}

void clamp_tile(const Matrix& weights) {
  const auto zero = FloatOps::set(0.0F);
  for (std::size_t r = 0; r < weights.rows; ++r) {
    float* const row = weights.data + r * weights.stride;
    for (std::size_t i = 0; i < weights.columns; i += kLanes) {
      const auto n = weights.columns - i;
      const auto w = load_some(row + i, n);
      store_some(hn::IfThenElse(FloatOps::less(w, zero), zero, w), row + i, n);
    }
  }
}

void unpack_row(const std::uint32_t* words, std::size_t first, std::size_t count, float* out) {
  constexpr FloatOps::DU du;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const auto bit = first + i;
    const auto shift =
        hn::Add(FloatOps::set_bits(static_cast<std::uint32_t>(bit % 32)), hn::Iota(du, 0));
    const auto word = hn::Shr(FloatOps::set_bits(words[bit / 32]), shift);
    const auto on = hn::And(word, FloatOps::set_bits(1));
    store_some(hn::ConvertTo(FloatOps::D(), hn::BitCast(hn::RebindToSigned<FloatOps::DU>(), on)),
               out + i, count - i);
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(sample_tile);
HWY_EXPORT(subtract_tile);
HWY_EXPORT(learn_bias_tile);
HWY_EXPORT(clamp_tile);
HWY_EXPORT(unpack_row);

void sample(const Matrix& activities, const float* bias, const TileDraws& draws) {
  HWY_DYNAMIC_DISPATCH(sample_tile)(activities, bias, draws);
}

void subtract_from(const float* targets, const Matrix& activities, const float* bias) {
  HWY_DYNAMIC_DISPATCH(subtract_tile)(targets, activities, bias);
}

void learn_bias(float rate, const ConstMatrix& errors, float* bias) {
  HWY_DYNAMIC_DISPATCH(learn_bias_tile)(rate, errors, bias);
}

void clamp_negative(const Matrix& weights) { HWY_DYNAMIC_DISPATCH(clamp_tile)(weights); }

void unpack_bits(const std::uint32_t* words, std::size_t first, std::size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(unpack_row)(words, first, count, out);
}

}  // namespace helmholtz::cpu_layered::kernels
#endif
