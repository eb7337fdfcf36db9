#include "products/row_sums.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
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

/// Terms that are listed at a time.
constexpr std::size_t kListed = 1024;

/// The numbers of the units that are on, in their order.
struct List {  // NOLINT: append() fills what is read
  HWY_ALIGN std::uint32_t numbers[kListed + kLanes];
  std::size_t size = 0;

  /// Numbers from `first` on, of the lanes that are on.
  HWY_INLINE void append(std::size_t first, hn::Mask<FloatOps::DU> on) {
    const FloatOps::DU du;
    const auto numbered = hn::Iota(du, static_cast<std::uint32_t>(first));
    // To a register first: some processors compress to memory many times as slowly.
    hn::StoreU(hn::Compress(numbered, on), du, numbers + size);
    size += hn::CountTrue(du, on);
  }
};

/// Those of a column, whose units' bits follow each other.
HWY_INLINE void list_bits(const std::uint32_t* words, std::size_t stride, std::size_t units,
                          List& list) {
  list.size = 0;
  const auto lane_bits = hn::Shl(FloatOps::set_bits(1), hn::Iota(FloatOps::DU(), 0));
  for (std::size_t k = 0; k < units; k += kWord) {
    const auto behind = kWord - std::min(kWord, units - k);
    const auto word = words[k / kWord * stride] & (~std::uint32_t{0} >> behind);
    for (std::size_t i = 0; i < kWord; i += kLanes) {
      list.append(k + i, hn::TestBit(FloatOps::set_bits(word >> i), lane_bits));
    }
  }
}

/// Those of words with one bit each, a unit's.
HWY_INLINE void list_words(const std::uint32_t* words, std::size_t units, List& list) {
  list.size = 0;
  const auto first_bit = FloatOps::set_bits(1);
  std::size_t i = 0;
  for (; i + kLanes <= units; i += kLanes) {
    list.append(i, hn::TestBit(hn::LoadU(FloatOps::DU(), words + i), first_bit));
  }
  for (; i < units; ++i) {
    list.numbers[list.size] = static_cast<std::uint32_t>(i);
    list.size += words[i] & 1U;
  }
}

/// sums += the listed rows, `stride` floats apart.
template <std::size_t kVectors>
HWY_INLINE void add_rows(const List& list, const float* rows, std::size_t stride, float* sums) {
  FloatOps::F own[kVectors];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) own[v] = FloatOps::load(sums + v * kLanes);
  for (std::size_t i = 0; i < list.size; ++i) {
    const float* const row = rows + list.numbers[i] * stride;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      own[v] = FloatOps::add(own[v], hn::LoadU(FloatOps::D(), row + v * kLanes));
    }
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(own[v], sums + v * kLanes);
}

/// Calls body(vectors, j) for outputs [0, count), as many vectors at a time as an addition's
/// latency takes; the last one may end behind them.
template <class Body>
HWY_INLINE void for_vectors(std::size_t count, const Body& body) {
  std::size_t j = 0;
  for (; j + 7 * kLanes < count; j += 8 * kLanes) {
    body(std::integral_constant<std::size_t, 8>(), j);
  }
  for (; j + 3 * kLanes < count; j += 4 * kLanes) {
    body(std::integral_constant<std::size_t, 4>(), j);
  }
  for (; j < count; j += kLanes) body(std::integral_constant<std::size_t, 1>(), j);
}

/// Of at most kTileRows outputs.
void add_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& out) {
  HWY_ALIGN float sums[kTileRows] = {};
  List on;
  for (std::size_t k = 0; k < weights.rows; k += kListed) {
    list_bits(inputs.words + k / kWord * inputs.words_stride, inputs.words_stride,
              std::min(kListed, weights.rows - k), on);
    for_vectors(out.rows, [&](auto vectors, std::size_t j) HWY_ATTR {
      add_rows<decltype(vectors)::value>(on, weights.data + k * weights.stride + j, weights.stride,
                                         sums + j);
    });
  }
  for (std::size_t j = 0; j < out.rows; ++j) out.data[j * out.stride] = sums[j];
}

/// Of at most kTileColumns inputs and kTileRows outputs.
void add_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                   const Matrix& weights) {
  HWY_ALIGN float column[kTileRows];
  for (std::size_t j = 0; j < errors.rows; ++j) column[j] = errors.data[j * errors.stride];
  List on;
  list_words(inputs.words, weights.rows, on);
  for (std::size_t n = 0; n < on.size; ++n) {
    add_scaled(rate, column, errors.rows, weights.data + on.numbers[n] * weights.stride);
  }
}

/// Terms are dealt out to sixteen sums, whatever the vectors, which add up to one.
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
    if (errors.columns == 1) {
      bias[j] += rate * *row;
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
