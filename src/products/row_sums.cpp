#include "products/row_sums.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "products/bit_products.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "products/row_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "products/small_matrices-inl.hpp"
#include "products/tiles.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::products::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kWord = 32;

/// As many vectors as are summed at a time: more than an addition's latency takes.
constexpr std::size_t kSummed = 8;

/// Sums of so many vectors of outputs.
template <std::size_t kVectors>
struct OutputVectors {
  FloatOps::F own[kVectors];

  HWY_INLINE OutputVectors() {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) own[v] = FloatOps::set(0);
  }
  HWY_INLINE explicit OutputVectors(const float* from) {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) own[v] = FloatOps::load(from + v * kLanes);
  }
  HWY_INLINE void store(float* to) const {
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(own[v], to + v * kLanes);
  }
  /// Adds the rows of a word's bits, `stride` floats apart.
  HWY_INLINE void add_rows(std::uint32_t word, const float* rows, std::size_t stride) {
    for (; word != 0; word &= word - 1) {
      const float* const row = rows + static_cast<std::size_t>(std::countr_zero(word)) * stride;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        own[v] = FloatOps::add(own[v], hn::LoadU(FloatOps::D(), row + v * kLanes));
      }
    }
  }
};

/// body(std::integral_constant<std::size_t, vectors>, j) for vectors in 1..kMost.
template <std::size_t kMost, class Body>
HWY_INLINE void with_vectors(std::size_t vectors, std::size_t j, const Body& body) {
  if constexpr (kMost > 1) {
    if (vectors < kMost) return with_vectors<kMost - 1>(vectors, j, body);
  }
  body(std::integral_constant<std::size_t, kMost>(), j);
}

/// Calls body(vectors, j) for outputs [0, count), at most kSummed vectors at a time; the last one
/// may end behind them.
template <class Body>
HWY_INLINE void for_vectors(std::size_t count, const Body& body) {
  for (std::size_t j = 0; j < count; j += kSummed * kLanes) {
    with_vectors<kSummed>(std::min((count - j + kLanes - 1) / kLanes, kSummed), j, body);
  }
}

/// Of at most kTileRows outputs and kFewColumns columns: for all of them, the weights of a word of
/// inputs stay in L1.
void add_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& out) {
  HWY_ALIGN float sums[kFewColumns * kTileRows];  // [column][output]
  const auto stride = padded(out.rows);
  std::fill_n(sums, out.columns * stride, 0.0F);
  for (std::size_t k = 0; k < weights.rows; k += kWord) {
    const auto bits = ~std::uint32_t{0} >> (kWord - std::min(kWord, weights.rows - k));
    const auto* const words = inputs.words + k / kWord * inputs.words_stride;
    for_vectors(out.rows, [&](auto vectors, std::size_t j) HWY_ATTR {
      const float* const rows = weights.data + k * weights.stride + j;
      for (std::size_t c = 0; c < out.columns; ++c) {
        float* const column = sums + c * stride + j;
        OutputVectors<decltype(vectors)::value> own(column);
        own.add_rows(words[c] & bits, rows, weights.stride);
        own.store(column);
      }
    });
  }
  transpose({sums, out.columns, out.rows, stride}, out.data, out.stride);
}

/// The numbers of the units that are on in any column, in their order.
struct List {  // NOLINT: the constructor fills what is read
  HWY_ALIGN std::uint32_t numbers[kTileColumns + kLanes];
  std::size_t size = 0;

  /// @param words    of columns, one for each unit
  /// @param columns  their bits
  HWY_INLINE List(const std::uint32_t* words, std::size_t units, std::uint32_t columns) {
    const FloatOps::DU du;
    std::size_t i = 0;
    for (; i + kLanes <= units; i += kLanes) {
      const auto own = hn::And(hn::LoadU(du, words + i), FloatOps::set_bits(columns));
      const auto numbered = hn::Iota(du, static_cast<std::uint32_t>(i));
      const auto on = hn::Ne(own, FloatOps::set_bits(0));
      // To a register first: some processors compress to memory many times as slowly.
      hn::StoreU(hn::Compress(numbered, on), du, numbers + size);
      size += hn::CountTrue(du, on);
    }
    for (; i < units; ++i) {
      numbers[size] = static_cast<std::uint32_t>(i);
      size += (words[i] & columns) != 0 ? 1 : 0;
    }
  }
};

/// Moves `count` floats of a row, which end in the last of the vectors, by rate * sums.
template <std::size_t kVectors>
HWY_INLINE void move_row(FloatOps::F rate, const OutputVectors<kVectors>& sums, std::size_t count,
                         float* row) {
  const FloatOps::D d;
  const auto moved = [&](std::size_t v) HWY_ATTR {
    return FloatOps::add(hn::LoadU(d, row + v * kLanes), FloatOps::mul(rate, sums.own[v]));
  };
  constexpr auto kLast = kVectors - 1;
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kLast; ++v) hn::StoreU(moved(v), d, row + v * kLanes);
  float* const end = row + kLast * kLanes;
  if (count == kVectors * kLanes) return hn::StoreU(moved(kLast), d, end);
  hn::BlendedStore(moved(kLast), hn::FirstN(d, count - kLast * kLanes), d, end);
}

/// Of at most kTileColumns inputs, kTileRows outputs and kFewTerms columns.
void add_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                   const Matrix& weights) {
  HWY_ALIGN float columns[kFewTerms * kTileRows];  // [column][output]
  const auto stride = padded(errors.rows);
  if (errors.rows < stride) std::fill_n(columns, errors.columns * stride, 0.0F);
  transpose(errors, columns, stride);
  const auto bits = (std::uint32_t{1} << errors.columns) - 1;
  const List on(inputs.words, weights.rows, bits);
  const auto rates = FloatOps::set(rate);
  for_vectors(errors.rows, [&](auto vectors, std::size_t j) HWY_ATTR {
    constexpr std::size_t kVectors = decltype(vectors)::value;
    const auto count = std::min(errors.rows - j, kVectors * kLanes);
    for (std::size_t n = 0; n < on.size; ++n) {
      const auto i = on.numbers[n];
      OutputVectors<kVectors> own;
      own.add_rows(inputs.words[i] & bits, columns + j, stride);
      move_row(rates, own, count, weights.data + i * weights.stride + j);
    }
  });
}

/// More terms of a bias than these are dealt out to sixteen sums, whatever the vectors, which add
/// up to one.
constexpr std::size_t kDealt = 16;

HWY_INLINE float total(const float* dealt) {
  float quarter[4];
  for (std::size_t i = 0; i < 4; ++i) {
    quarter[i] = (dealt[i] + dealt[i + 8]) + (dealt[i + 4] + dealt[i + 12]);
  }
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

/// The vector at i of a row of `count` floats; 0 behind its end, where nothing is read.
HWY_INLINE FloatOps::F load_within(const float* row, std::size_t count, std::size_t i) {
  const FloatOps::D d;
  if (i + kLanes <= count) return hn::LoadU(d, row + i);
  const auto begin = std::min(i, count);
#if HWY_MEM_OPS_MIGHT_FAULT || HWY_TARGET == HWY_SCALAR  // whose masked load reads all the same
  HWY_ALIGN float lanes[kLanes] = {};
  std::copy(row + begin, row + count, lanes);
  return FloatOps::load(lanes);
#else
  return hn::MaskedLoad(hn::FirstN(d, count - begin), d, row + begin);
#endif
}

void move_biases(float rate, const ConstMatrix& errors, float* bias) {
  constexpr auto kVectors = kDealt / kLanes;
  for (std::size_t j = 0; j < errors.rows; ++j) {
    const float* const row = errors.data + j * errors.stride;
    if (errors.columns <= kDealt) {
      bias[j] += rate * std::accumulate(row, row + errors.columns, 0.0F);
      continue;
    }
    FloatOps::F sums[kVectors];
    std::fill_n(sums, kVectors, FloatOps::set(0));
    for (std::size_t b = 0; b < errors.columns; b += kDealt) {
#pragma GCC unroll 16
      for (std::size_t v = 0; v < kVectors; ++v) {
        sums[v] = FloatOps::add(sums[v], load_within(row, errors.columns, b + v * kLanes));
      }
    }
    HWY_ALIGN float dealt[kDealt];
    for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(sums[v], dealt + v * kLanes);
    bias[j] += rate * total(dealt);
  }
}

}  // namespace helmholtz::products::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::products {

HWY_EXPORT(add_activities);
HWY_EXPORT(add_gradients);
HWY_EXPORT(move_biases);

void add_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities) {
  for (std::size_t j = 0; j < weights.columns; j += kTileRows) {
    const auto outputs = std::min(kTileRows, weights.columns - j);
    HWY_DYNAMIC_DISPATCH(add_activities)
    ({weights.data + j, weights.rows, outputs, weights.stride}, inputs,
     {{activities.data + j * activities.stride, outputs, activities.columns, activities.stride}});
  }
}

void add_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                   const Matrix& weights) {
  HWY_DYNAMIC_DISPATCH(add_gradients)(rate, errors, inputs, weights);
}

void learn_bias(float rate, const ConstMatrix& errors, float* bias) {
  HWY_DYNAMIC_DISPATCH(move_biases)(rate, errors, bias);
}

}  // namespace helmholtz::products
#endif
