#include "evaluate/importance_simd.hpp"

#include <algorithm>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "evaluate/importance_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "helmholtz/contract.hpp"
#include "simd/double_ops-inl.hpp"
#include "simd/float_ops-inl.hpp"
#include "simd/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {
namespace {

using simd::LayerColumns;
using simd::ParticleDraws;
using simd::Scores;

constexpr std::size_t kLanes = FloatOps::kLanes;

FloatOps::U load_words(const std::uint32_t* words) { return hn::Load(FloatOps::DU(), words); }

/// The scores of one vector of columns, on their way through a layer.
class ColumnScores {
 public:
  HWY_INLINE ColumnScores(const Scores& scores, std::size_t c)
      : scores_(scores),
        c_(c),
        mantissa_(FloatOps::load(scores.mantissas + c)),
        exponent_(load_words(scores.exponents + c)),
        sum_(FloatOps::set(0.0F)) {}

  HWY_INLINE void add(FloatOps::F activity, FloatOps::F d, FloatOps::F state) {
    const auto product = FloatOps::bits(FloatOps::mul(mantissa_, d));
    exponent_ =
        hn::Add(exponent_, hn::Sub(FloatOps::shift_right<23>(product), FloatOps::set_bits(127)));
    mantissa_ = FloatOps::floats(
        hn::Or(hn::And(product, FloatOps::set_bits(0x007FFFFFU)), FloatOps::set_bits(0x3F800000U)));
    const auto off = FloatOps::sub(FloatOps::set(1.0F), state);
    sum_ = FloatOps::add_if(off, sum_, activity);
    if (++units_ == kUnitsPerSum) add_sum();
  }

  HWY_INLINE void store() {
    FloatOps::store(mantissa_, scores_.mantissas + c_);
    hn::Store(exponent_, FloatOps::DU(), scores_.exponents + c_);
    add_sum();
  }

 private:
  static constexpr int kUnitsPerSum = 64;  ///< float32 holds the sums of as many to 1e-5

  HWY_INLINE void add_sum() {
    HWY_ALIGN float sums[kLanes];
    FloatOps::store(sum_, sums);
    for (std::size_t i = 0; i < kLanes; ++i) scores_.activities[c_ + i] += double{sums[i]};
    sum_ = FloatOps::set(0.0F);
    units_ = 0;
  }

  const Scores& scores_;
  std::size_t c_;
  FloatOps::F mantissa_;
  FloatOps::U exponent_;
  FloatOps::F sum_;
  int units_ = 0;
};

void score(const LayerColumns& layer, const Scores& scores) {
  for (std::size_t c = 0; c < layer.columns; c += kLanes) {
    ColumnScores own(scores, c);
    for (std::size_t j = 0; j < layer.units; ++j) {
      const auto k = j * layer.columns + c;
      const auto a = clamped<FloatOps>(
          FloatOps::add(FloatOps::load(layer.activities + k), FloatOps::set(layer.bias[j])));
      own.add(a, one_plus_exp_minus<FloatOps>(a), FloatOps::load(layer.states + k));
    }
    own.store();
  }
}

/// The four words of block `block` of each column's row and particle.
class ColumnDraws {
 public:
  HWY_INLINE ColumnDraws(const ParticleDraws& draws, const PhiloxKeys& keys, std::size_t c)
      : keys_(keys),
        low_(load_words(draws.blocks_low + c)),
        high_(load_words(draws.blocks_high + c)),
        particle_(SplitLanes::split(load_words(draws.particles + c))) {}

  HWY_INLINE void block(std::size_t block, FloatOps::U* HWY_RESTRICT words) const {
    const auto low = hn::Add(low_, FloatOps::set_bits(static_cast<std::uint32_t>(block)));
    const auto carry = hn::IfThenElseZero(hn::Lt(low, low_), FloatOps::set_bits(1));
    philox({SplitLanes::split(low), SplitLanes::split(hn::Add(high_, carry)), particle_,
            SplitLanes::broadcast(static_cast<std::uint32_t>(RandomPurpose::importance))},
           keys_, words);
  }

 private:
  const PhiloxKeys& keys_;
  FloatOps::U low_, high_;
  SplitLanes particle_;
};

void sample(const LayerColumns& layer, const ParticleDraws& draws, std::size_t slot,
            const Scores& scores) {
  const PhiloxKeys keys(draws.seed);
  const auto end = slot + layer.units;
  for (std::size_t c = 0; c < layer.columns; c += kLanes) {
    ColumnScores own(scores, c);
    const ColumnDraws words_of(draws, keys, c);
    FloatOps::U words[4];
    auto states = FloatOps::set_bits(0);  // of the last 32 units
    for (auto s = slot; s < end; ++s) {
      if (s == slot || s % 4 == 0) words_of.block(s / 4, words);
      const auto j = s - slot;
      float* const unit = layer.activities + j * layer.columns + c;
      const auto a =
          clamped<FloatOps>(FloatOps::add(FloatOps::load(unit), FloatOps::set(layer.bias[j])));
      const auto d = one_plus_exp_minus<FloatOps>(a);
      const auto state = FloatOps::bit(fires<FloatOps>(d, words[s % 4]));
      FloatOps::store(state, unit);
      states = FloatOps::shift_in(states, state);
      if (j % 32 == 31 || s + 1 == end) {
        const auto missing = static_cast<int>(31 - j % 32);
        hn::Store(hn::ShiftRightSame(states, missing), FloatOps::DU(),
                  layer.words + j / 32 * layer.columns + c);
      }
      own.add(a, d, state);
    }
    own.store();
  }
}

void logarithms(double* x, std::size_t columns) {
  for (std::size_t v = 0; v < columns / DoubleOps::kLanes; ++v) {
    DoubleOps::store(portable::log<DoubleOps>(DoubleOps::load(x, v)), x, v);
  }
}

void exponentials(double* x, std::size_t columns) {
  for (std::size_t v = 0; v < columns / DoubleOps::kLanes; ++v) {
    DoubleOps::store(portable::exp<DoubleOps>(DoubleOps::load(x, v)), x, v);
  }
}

}  // namespace
}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(score);
HWY_EXPORT(sample);
HWY_EXPORT(logarithms);
HWY_EXPORT(exponentials);

void simd::score_columns(const LayerColumns& layer, const Scores& scores) {
  HWY_DYNAMIC_DISPATCH(score)(layer, scores);
}

void simd::sample_columns(const LayerColumns& layer, const ParticleDraws& draws, std::size_t slot,
                          const Scores& scores) {
  HWY_DYNAMIC_DISPATCH(sample)(layer, draws, slot, scores);
}

void simd::take_logarithms(double* x, std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(logarithms)(x, columns);
}

void simd::take_exponentials(double* x, std::size_t columns) {
  HWY_DYNAMIC_DISPATCH(exponentials)(x, columns);
}

}  // namespace helmholtz
#endif
