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

#define HELMHOLTZ_FN HWY_INLINE
#include "step/update.inl"
#undef HELMHOLTZ_FN

/// The words of a tile's draws, a vector of blocks at a time, four words a block.
class Draws {
 public:
  HWY_INLINE explicit Draws(const TileDraws& draws)
      : keys_(FloatOps::set_bits(static_cast<std::uint32_t>(draws.seed)),
              FloatOps::set_bits(static_cast<std::uint32_t>(draws.seed >> 32U))),
        draws_(draws) {}

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
               std::size_t first, const Matrix& units) {
  HWY_ALIGN std::uint32_t words[kTileColumns];
  for (std::size_t j = 0; j < units.rows; ++j) {
    if (j % 32 == 0) {
      const auto word = FloatOps::set_bits(static_cast<std::uint32_t>((first + j) / 32));
      for (std::size_t b = 0; b < units.columns; b += kLanes) {
        const auto index = hn::Add(hn::LoadU(FloatOps::DU(), starts + b), word);
        hn::Store(gather(pattern_words, index), FloatOps::DU(), words + b);
      }
    }
    float* const row = units.data + j * units.stride;
    if (units.stride == 1) {
      *row = static_cast<float>((words[0] >> (j % 32)) & 1U);
      continue;
    }
    const auto bit = FloatOps::set_bits(1U << (j % 32));
    for (std::size_t b = 0; b < units.columns; b += kLanes) {
      const auto on = hn::TestBit(hn::Load(FloatOps::DU(), words + b), bit);
      FloatOps::store(FloatOps::bit(hn::RebindMask(FloatOps::D(), on)), row + b);
    }
  }
}

/// One vector of activities becomes sampled units.
HWY_INLINE void sample_vector(float* units, FloatOps::F bias, FloatOps::U words) {
  const auto d = one_plus_exp_minus<FloatOps>(FloatOps::add(FloatOps::load(units), bias));
  FloatOps::store(FloatOps::bit(fires<FloatOps>(d, words)), units);
}

void sample_tile(const Matrix& activities, const float* bias, const TileDraws& draws) {
  Draws words_of(draws);
  const auto end = draws.slot + activities.rows;
  for (auto block = draws.slot / 4; 4 * block < end; ++block) {
    const auto sample_block = [&](std::size_t c, const FloatOps::U* words) HWY_ATTR {
#pragma GCC unroll 4
      for (std::uint64_t i = 0; i < 4; ++i) {
        const auto j = 4 * block + i - draws.slot;  // wraps below the first slot
        if (j >= activities.rows) continue;
        sample_vector(activities.data + j * activities.stride + c, FloatOps::set(bias[j]),
                      words[i]);
      }
    };
    words_of.columns(block, 0, activities.columns, sample_block);
  }
}

void sample_and_score_tile(const Matrix& activities, const float* bias, const TileDraws& draws,
                           float* scores) {
  Draws words_of(draws);
  const LogProbability<FloatOps> one(0);
  const auto end = draws.slot + activities.rows;
  for (std::size_t c = 0; c < activities.columns; c += kLanes) {
    LogProbability<FloatOps> own(static_cast<int>(activities.rows));
    for (auto block = draws.slot / 4; 4 * block < end; ++block) {
      const auto sample_block = [&](std::size_t, const FloatOps::U* words) HWY_ATTR {
        for (std::uint64_t i = 0; i < 4; ++i) {
          const auto j = 4 * block + i - draws.slot;  // wraps below the first slot
          if (j >= activities.rows) continue;
          float* const unit = activities.data + j * activities.stride + c;
          const auto a =
              clamped<FloatOps>(FloatOps::add(FloatOps::load(unit), FloatOps::set(bias[j])));
          const auto d = one_plus_exp_minus<FloatOps>(a);
          const auto state = FloatOps::bit(fires<FloatOps>(d, words[i]));
          FloatOps::store(state, unit);
          own.add(a, d, state);
        }
      };
      words_of.columns(block, c, HWY_MIN(c + kLanes, activities.columns), sample_block);
    }
    FloatOps::store(LogProbability<FloatOps>::log_ratio(one, own), scores + c);
  }
}

void sample_row(float* activities, std::size_t units, const float* bias, const TileDraws& draws) {
  HWY_ALIGN std::uint32_t words[kTileRows + 4 * kLanes + 4];
  const Draws words_of(draws);
  const auto skipped = static_cast<std::size_t>(draws.slot % 4);
  for (std::size_t i = 0; i < skipped + units; i += 4 * kLanes) {
    FloatOps::U w[4];
    words_of.blocks((draws.slot + i) / 4, w);
    hn::StoreInterleaved4(w[0], w[1], w[2], w[3], FloatOps::DU(), words + i);
  }
  for (std::size_t j = 0; j < units; j += kLanes) {
    sample_vector(activities + j, hn::LoadU(FloatOps::D(), bias + j),
                  hn::LoadU(FloatOps::DU(), words + skipped + j));
  }
}

/// One vector of activities becomes errors.
HWY_INLINE void subtract_vector(const float* targets, float* errors, FloatOps::F bias) {
  const auto p = sigmoid<FloatOps>(FloatOps::add(FloatOps::load(errors), bias));
  FloatOps::store(FloatOps::sub(FloatOps::load(targets), p), errors);
}

void subtract_tile(const float* targets, const Matrix& activities, const float* bias) {
  for (std::size_t j = 0; j < activities.rows; ++j) {
    const auto unit_bias = FloatOps::set(bias[j]);
    for (std::size_t b = 0; b < activities.columns; b += kLanes) {
      const auto k = j * activities.stride + b;
      subtract_vector(targets + k, activities.data + k, unit_bias);
    }
  }
}

void subtract_and_score_tile(const float* targets, const Matrix& activities, const float* bias,
                             float* scores) {
  const LogProbability<FloatOps> one(0);
  for (std::size_t c = 0; c < activities.columns; c += kLanes) {
    LogProbability<FloatOps> own(static_cast<int>(activities.rows));
    for (std::size_t j = 0; j < activities.rows; ++j) {
      const auto k = j * activities.stride + c;
      const auto a = clamped<FloatOps>(
          FloatOps::add(FloatOps::load(activities.data + k), FloatOps::set(bias[j])));
      const auto d = one_plus_exp_minus<FloatOps>(a);
      const auto target = FloatOps::load(targets + k);
      own.add(a, d, target);
      FloatOps::store(FloatOps::sub(target, reciprocal<FloatOps>(d)), activities.data + k);
    }
    const auto log = LogProbability<FloatOps>::log_ratio(own, one);
    FloatOps::store(FloatOps::add(FloatOps::load(scores + c), log), scores + c);
  }
}

void scale_tile(const Matrix& errors, const float* weights) {
  for (std::size_t j = 0; j < errors.rows; ++j) {
    for (std::size_t c = 0; c < errors.columns; c += kLanes) {
      float* const error = errors.data + j * errors.stride + c;
      FloatOps::store(FloatOps::mul(FloatOps::load(error), FloatOps::load(weights + c)), error);
    }
  }
}

void subtract_row(const float* targets, float* activities, std::size_t units, const float* bias) {
  for (std::size_t j = 0; j < units; j += kLanes) {
    subtract_vector(targets + j, activities + j, hn::LoadU(FloatOps::D(), bias + j));
  }
}

/// The first `count` lanes of a vector anywhere in memory; the others are 0.
HWY_INLINE FloatOps::F load_first(std::size_t count, const float* in) {
  if (count == kLanes) return hn::LoadU(FloatOps::D(), in);
  HWY_ALIGN float lanes[kLanes] = {};
  for (std::size_t i = 0; i < count; ++i) lanes[i] = in[i];
  return FloatOps::load(lanes);
}

HWY_INLINE void store_first(std::size_t count, FloatOps::F x, float* out) {
  if (count == kLanes) return hn::StoreU(x, FloatOps::D(), out);
  HWY_ALIGN float lanes[kLanes];
  FloatOps::store(x, lanes);
  for (std::size_t i = 0; i < count; ++i) out[i] = lanes[i];
}

/// The first `count` lanes of a vector of parameters follow their gradients.
HWY_INLINE void follow_vector(const step::Update& update, FloatOps::F rate, std::size_t count,
                              const float* gradient, float* parameters, float* mean,
                              float* square) {
  const auto g = load_first(count, gradient);
  auto w = load_first(count, parameters);
  auto m = load_first(count, mean);
  if (update.means == 1) {
    w = moved_by_momentum<FloatOps>(update, rate, w, g, m);
  } else {
    auto v = load_first(count, square);
    w = moved_by_adam<FloatOps>(update, rate, w, g, m, v);
    store_first(count, v, square);
  }
  store_first(count, m, mean);
  store_first(count, w, parameters);
}

void follow_tile(const step::Update& update, float rate, const ConstMatrix& gradient,
                 const Matrix& parameters, float* mean, float* square) {
  const auto rates = FloatOps::set(rate);
  for (std::size_t j = 0; j < parameters.rows; ++j) {
    for (std::size_t i = 0; i < parameters.columns; i += kLanes) {
      const auto k = j * parameters.stride + i;
      const auto count = HWY_MIN(kLanes, parameters.columns - i);
      follow_vector(update, rates, count, gradient.data + k, parameters.data + k, mean + k,
                    square == nullptr ? nullptr : square + k);
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

HWY_EXPORT(find_starts);
HWY_EXPORT(show_tile);
HWY_EXPORT(sample_tile);
HWY_EXPORT(sample_row);
HWY_EXPORT(sample_and_score_tile);
HWY_EXPORT(subtract_and_score_tile);
HWY_EXPORT(scale_tile);
HWY_EXPORT(subtract_tile);
HWY_EXPORT(subtract_row);
HWY_EXPORT(follow_tile);
HWY_EXPORT(clamp_tile);

void find_patterns(const World& world, const TileDraws& draws, std::size_t columns,
                   std::uint32_t* starts) {
  HWY_DYNAMIC_DISPATCH(find_starts)(world, draws, columns, starts);
}

void show_patterns(std::span<const std::uint32_t> words, const std::uint32_t* starts,
                   std::size_t first, const Matrix& units) {
  HWY_DYNAMIC_DISPATCH(show_tile)(words, starts, first, units);
}

void sample(const Matrix& activities, const float* bias, const TileDraws& draws) {
  if (activities.stride == 1) {
    HWY_DYNAMIC_DISPATCH(sample_row)(activities.data, activities.rows, bias, draws);
    return;
  }
  HWY_DYNAMIC_DISPATCH(sample_tile)(activities, bias, draws);
}

void subtract_from(const float* targets, const Matrix& activities, const float* bias) {
  if (activities.stride == 1) {
    HWY_DYNAMIC_DISPATCH(subtract_row)(targets, activities.data, activities.rows, bias);
    return;
  }
  HWY_DYNAMIC_DISPATCH(subtract_tile)(targets, activities, bias);
}

void sample_and_score(const Matrix& activities, const float* bias, const TileDraws& draws,
                      float* scores) {
  HWY_DYNAMIC_DISPATCH(sample_and_score_tile)(activities, bias, draws, scores);
}

void subtract_and_score(const float* targets, const Matrix& activities, const float* bias,
                        float* scores) {
  HWY_DYNAMIC_DISPATCH(subtract_and_score_tile)(targets, activities, bias, scores);
}

void scale_columns(const Matrix& errors, const float* weights) {
  HWY_DYNAMIC_DISPATCH(scale_tile)(errors, weights);
}

void follow(const step::Update& update, float rate, const ConstMatrix& gradient,
            const Matrix& parameters, float* mean, float* square) {
  HWY_DYNAMIC_DISPATCH(follow_tile)(update, rate, gradient, parameters, mean, square);
}

void clamp_negative(const Matrix& weights) { HWY_DYNAMIC_DISPATCH(clamp_tile)(weights); }

}  // namespace helmholtz::cpu_layered::kernels
#endif
