#include "backends/cpu_layered/bit_products.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_layered/bit_products.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu_layered/tiles.hpp"
#include "backends/cpu_layered/transpose-inl.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kLanes = FloatOps::kLanes;
constexpr std::size_t kWord = 32;
constexpr std::size_t kGroups = kWord / 4;
/// Outputs at a time: the tables of a word of bits take 16 KiB, half of a core's L1.
constexpr std::size_t kWidth = 32;

/// The sums of up to kWidth outputs of every column, and what makes them.
struct Sums {
  HWY_ALIGN float terms[kWord * kWidth];          ///< [term][output]
  HWY_ALIGN float tables[kGroups * 16 * kWidth];  ///< [group of four terms][bits][output]
  HWY_ALIGN float sums[kTileColumns * kWidth];    ///< [column][output]
};

/// All sums of some of four terms, for kVectors of outputs.
template <std::size_t kVectors>
HWY_INLINE void fill_table(const float* terms, float* table) {
  constexpr auto kStride = kVectors * kLanes;
  for (std::size_t v = 0; v < kStride; v += kLanes) {
    FloatOps::F sums[16];
    sums[0] = FloatOps::set(0);
    FloatOps::store(sums[0], table + v);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const auto term = FloatOps::load(terms + i * kStride + v);
#pragma GCC unroll 8
      for (std::size_t n = 0; n < std::size_t{1} << i; ++n) {
        const auto with = n + (std::size_t{1} << i);
        sums[with] = n == 0 ? term : FloatOps::add(sums[n], term);
        FloatOps::store(sums[with], table + with * kStride + v);
      }
    }
  }
}

/// Adds what the words' bits select from the tables.
template <std::size_t kVectors, bool kWhole>
HWY_INLINE void add_selected(const float* tables, std::size_t some, const std::uint32_t* words,
                             std::size_t columns, float* sums) {
  constexpr auto kStride = kVectors * kLanes;
  const auto groups = kWhole ? kGroups : some;
  for (std::size_t c = 0; c < columns; ++c, sums += kStride) {
    FloatOps::F own[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) own[v] = FloatOps::load(sums + v * kLanes);
    auto word = words[c];
#pragma GCC unroll 8
    for (std::size_t g = 0; g < groups; ++g, word >>= 4U) {
      const float* const selected = tables + (16 * g + (word & 15U)) * kStride;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        own[v] = FloatOps::add(own[v], FloatOps::load(selected + v * kLanes));
      }
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(own[v], sums + v * kLanes);
  }
}

/// sums[c][j] = the terms of row j of which column c has the bit.
template <std::size_t kVectors>
HWY_NOINLINE void look_up(const ConstMatrix& rows, const Units& units, std::size_t columns,
                          Sums& own) {
  constexpr auto kStride = kVectors * kLanes;
  std::fill_n(own.sums, columns * kStride, 0.0F);
  for (std::size_t k = 0; k < rows.columns; k += kWord) {
    const auto terms = std::min(kWord, rows.columns - k);
    if (terms < kWord || rows.rows < kStride) std::fill_n(own.terms, kWord * kStride, 0.0F);
    transpose({rows.data + k, rows.rows, terms, rows.stride}, own.terms, kStride);
    const auto groups = (terms + 3) / 4;
    for (std::size_t g = 0; g < groups; ++g) {
      fill_table<kVectors>(own.terms + 4 * g * kStride, own.tables + 16 * g * kStride);
    }
    const auto* const words = units.words + k / kWord * units.words_stride;
    if (groups == kGroups) {
      add_selected<kVectors, true>(own.tables, groups, words, columns, own.sums);
    } else {
      add_selected<kVectors, false>(own.tables, groups, words, columns, own.sums);
    }
  }
}

/// Calls take(first, sums) with the sums of some rows, [columns][rows].
template <class Take>
HWY_INLINE void look_up_rows(const ConstMatrix& rows, const Units& units, std::size_t columns,
                             const Take& take) {
  Sums own;
  const auto some = [&](auto vectors, std::size_t j) HWY_ATTR {
    constexpr std::size_t kVectors = decltype(vectors)::value;
    const auto count = std::min(kVectors * kLanes, rows.rows - j);
    look_up<kVectors>({rows.data + j * rows.stride, count, rows.columns, rows.stride}, units,
                      columns, own);
    take(j, ConstMatrix{own.sums, columns, count, kVectors * kLanes});
    return count;
  };
  constexpr auto kMost = kWidth / kLanes;
  constexpr auto kHalf = kMost / 2 > 0 ? kMost / 2 : 1;
  std::size_t j = 0;
  while (rows.rows - j > kWidth / 2) j += some(std::integral_constant<std::size_t, kMost>(), j);
  while (rows.rows - j > kLanes) j += some(std::integral_constant<std::size_t, kHalf>(), j);
  while (j < rows.rows) j += some(std::integral_constant<std::size_t, 1>(), j);
}

/// Sums of products move a row of parameters.
HWY_INLINE void add_scaled(float rate, const float* sums, std::size_t count, float* row) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto by = FloatOps::mul(FloatOps::set(rate), FloatOps::load(sums + i));
    hn::StoreU(FloatOps::add(hn::LoadU(FloatOps::D(), row + i), by), FloatOps::D(), row + i);
  }
  for (; i < count; ++i) row[i] += rate * sums[i];
}

void look_up_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& out) {
  look_up_rows(weights, inputs, out.columns, [&](std::size_t j, const ConstMatrix& sums) HWY_ATTR {
    transpose(sums, out.data + j * out.stride, out.stride);
  });
}

void look_up_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                       const Matrix& weights) {
  HWY_ALIGN float rows[kWidth * kTileColumns];
  look_up_rows(errors, inputs, weights.columns,
               [&](std::size_t j, const ConstMatrix& sums) HWY_ATTR {
                 transpose(sums, rows, kTileColumns);
                 for (std::size_t i = 0; i < sums.columns; ++i) {
                   add_scaled(rate, rows + i * kTileColumns, weights.columns,
                              weights.data + (j + i) * weights.stride);
                 }
               });
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

/// The vector at i of a row of `count` floats; 0 behind its end.
HWY_INLINE FloatOps::F load_within(const float* row, std::size_t count, std::size_t i) {
  const FloatOps::D d;
  const auto x = hn::LoadU(d, row + i);
  return i + kLanes <= count ? x : hn::IfThenElseZero(hn::FirstN(d, i < count ? count - i : 0), x);
}

/// Some rows' activities of a single column.
template <std::size_t kRows>
HWY_INLINE void multiply_by_column(const ConstMatrix& weights, const float* inputs, float* out,
                                   std::size_t out_stride) {
  constexpr auto kVectors = kDealt / kLanes;
  const auto count = weights.columns;
  FloatOps::F sums[kRows][kVectors];
  for (auto& row : sums) std::fill_n(row, kVectors, FloatOps::set(0));
  const auto add = [&](std::size_t i, const auto& load) HWY_ATTR {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto on = load(inputs, i + v * kLanes);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kRows; ++r) {
        const auto row = load(weights.data + r * weights.stride, i + v * kLanes);
        sums[r][v] = FloatOps::add_if(on, sums[r][v], row);
      }
    }
  };
  std::size_t i = 0;
  for (; i + kDealt <= count; i += kDealt) {
    add(i, [](const float* row, std::size_t at)
               HWY_ATTR { return hn::LoadU(FloatOps::D(), row + at); });
  }
  if (i < count) {
    add(i,
        [count](const float* row, std::size_t at) HWY_ATTR { return load_within(row, count, at); });
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    HWY_ALIGN float dealt[kDealt];
    for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(sums[r][v], dealt + v * kLanes);
    out[r * out_stride] = total(dealt);
  }
}

void multiply_column(const ConstMatrix& weights, const float* inputs, const Matrix& out) {
  constexpr std::size_t kRows = 4;
  for (std::size_t j = 0; j < weights.rows;) {
    const ConstMatrix rows{weights.data + j * weights.stride, 0, weights.columns, weights.stride};
    auto* const to = out.data + j * out.stride;
    const bool whole = weights.rows - j >= kRows;
    whole ? multiply_by_column<kRows>(rows, inputs, to, out.stride)
          : multiply_by_column<1>(rows, inputs, to, out.stride);
    j += whole ? kRows : 1;
  }
}

/// Rows that share a vector of columns: enough sums for the latency of an addition.
constexpr std::size_t kRows = 8;

/// Multiplies [rows x terms] floats with units [terms x columns], both with strides: for each row
/// and each vector of columns the terms are added in their order.
struct Multiplication {
  ConstMatrix rows;
  ConstMatrix units;
  Matrix out;

  template <std::size_t kSome, std::size_t kVectors>
  HWY_INLINE void block(std::size_t j, std::size_t c) const {
    const auto* const row = rows.data + j * rows.stride;
    FloatOps::F sums[kSome][kVectors];
    for (auto& sum : sums) std::fill_n(sum, kVectors, FloatOps::set(0));
    for (std::size_t i = 0; i < rows.columns; ++i) {
      FloatOps::F on[kVectors];
#pragma GCC unroll 2
      for (std::size_t v = 0; v < kVectors; ++v) {
        on[v] = hn::LoadU(FloatOps::D(), units.data + i * units.stride + c + v * kLanes);
      }
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kSome; ++r) {
        const auto term = FloatOps::set(row[r * rows.stride + i]);
#pragma GCC unroll 2
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[r][v] = FloatOps::add_if(on[v], sums[r][v], term);
        }
      }
    }
    for (std::size_t r = 0; r < kSome; ++r) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        hn::StoreU(sums[r][v], FloatOps::D(), out.data + (j + r) * out.stride + c + v * kLanes);
      }
    }
  }

  template <std::size_t kSome>
  HWY_INLINE void all_columns(std::size_t j) const {
    constexpr auto kPair = kSome > 1 ? kSome / 2 : 1;
    std::size_t c = 0;
    for (; c + kLanes < out.columns; c += 2 * kLanes) {
      for (std::size_t r = 0; r < kSome; r += kPair) block<kPair, 2>(j + r, c);
    }
    if (c < out.columns) block<kSome, 1>(j, c);
  }
};

void multiply_columns(const ConstMatrix& weights, const ConstMatrix& inputs, const Matrix& out) {
  const Multiplication product{weights, inputs, out};
  std::size_t j = 0;
  for (; j + kRows <= weights.rows; j += kRows) product.all_columns<kRows>(j);
  for (; j < weights.rows; ++j) product.all_columns<1>(j);
}

void multiply_gradients(float rate, const ConstMatrix& errors, const ConstMatrix& inputs,
                        const Matrix& weights) {
  HWY_ALIGN float by_term[kLookUpTerms * kTileColumns];
  HWY_ALIGN float sums[kRows * kTileColumns];
  std::fill_n(by_term, errors.columns * kTileColumns, 0.0F);
  transpose(inputs, by_term, kTileColumns);
  for (std::size_t j = 0; j < errors.rows; j += kRows) {
    const auto rows = std::min(kRows, errors.rows - j);
    multiply_columns({errors.data + j * errors.stride, rows, errors.columns, errors.stride},
                     {by_term, errors.columns, weights.columns, kTileColumns},
                     {{sums, rows, weights.columns, kTileColumns}});
    for (std::size_t r = 0; r < rows; ++r) {
      add_scaled(rate, sums + r * kTileColumns, weights.columns,
                 weights.data + (j + r) * weights.stride);
    }
  }
}

/// One column's errors move all rows.
void add_outer_product(float rate, const ConstMatrix& errors, const float* inputs,
                       const Matrix& weights) {
  const FloatOps::D d;
  for (std::size_t j = 0; j < weights.rows; ++j) {
    const float by = rate * errors.data[j * errors.stride];
    float* const row = weights.data + j * weights.stride;
    std::size_t i = 0;
    for (; i + kLanes <= weights.columns; i += kLanes) {
      const auto on = hn::LoadU(d, inputs + i);
      hn::StoreU(FloatOps::add_if(on, hn::LoadU(d, row + i), FloatOps::set(by)), d, row + i);
    }
    for (; i < weights.columns; ++i) row[i] += by * inputs[i];
  }
}

void sum_biases(float rate, const ConstMatrix& errors, float* bias) {
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

/// Bit c of word i becomes bit i of word c (Hacker's Delight, 7-3).
HWY_INLINE void transpose_bits(std::uint32_t* words) {
  auto mask = 0x0000FFFFU;
  for (unsigned j = 16; j != 0; j /= 2, mask ^= mask << j) {
    for (unsigned k = 0; k < kWord; k = (k + j + 1) & ~j) {
      const auto changed = ((words[k] >> j) ^ words[k + j]) & mask;
      words[k + j] ^= changed;
      words[k] ^= changed << j;
    }
  }
}

void pack_tile(const ConstMatrix& units, const PackedTile& packed) {
  const FloatOps::DU du;
  for (std::size_t i = 0; i < units.rows; i += kWord) {
    const auto count = std::min(kWord, units.rows - i);
    auto* const words = packed.by_column + i / kWord * packed.column_stride;
    for (std::size_t c = 0; c < units.columns; c += kLanes) {
      auto word = FloatOps::set_bits(0);
      for (std::size_t r = 0; r < count; ++r) {
        // 1.0F has the lowest bit of its exponent set.
        const auto unit = hn::LoadU(FloatOps::D(), units.data + (i + r) * units.stride + c);
        const auto on = hn::And(FloatOps::bits(unit), FloatOps::set_bits(1U << 23U));
        word = hn::Or(hn::ShiftRight<1>(word), hn::ShiftLeft<8>(on));
      }
      word = hn::ShiftRightSame(word, static_cast<int>(kWord - count));
      hn::StoreU(word, du, words + c);
    }
    for (std::size_t c = 0; c < units.columns; c += kWord) {
      std::uint32_t square[kWord] = {};
      std::copy_n(words + c, std::min(kWord, units.columns - c), square);
      transpose_bits(square);
      std::copy_n(square, count, packed.by_unit + c / kWord * packed.unit_stride + i);
    }
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(look_up_activities);
HWY_EXPORT(look_up_gradients);
HWY_EXPORT(multiply_column);
HWY_EXPORT(multiply_columns);
HWY_EXPORT(multiply_gradients);
HWY_EXPORT(add_outer_product);
HWY_EXPORT(sum_biases);
HWY_EXPORT(pack_tile);

void activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities) {
  if (activities.columns >= kLookUpColumns) {
    HWY_DYNAMIC_DISPATCH(look_up_activities)(weights, inputs, activities);
  } else if (inputs.floats.stride == 1) {
    HWY_DYNAMIC_DISPATCH(multiply_column)(weights, inputs.floats.data, activities);
  } else {
    HWY_DYNAMIC_DISPATCH(multiply_columns)(weights, inputs.floats, activities);
  }
}

void learn(float rate, const ConstMatrix& errors, const Units& inputs, const Matrix& weights) {
  if (errors.columns >= kLookUpTerms) {
    HWY_DYNAMIC_DISPATCH(look_up_gradients)(rate, errors, inputs, weights);
  } else if (inputs.floats.stride == 1) {
    HWY_DYNAMIC_DISPATCH(add_outer_product)(rate, errors, inputs.floats.data, weights);
  } else {
    HWY_DYNAMIC_DISPATCH(multiply_gradients)(rate, errors, inputs.floats, weights);
  }
}

void learn_bias(float rate, const ConstMatrix& errors, float* bias) {
  HWY_DYNAMIC_DISPATCH(sum_biases)(rate, errors, bias);
}

void pack(const ConstMatrix& units, const PackedTile& packed) {
  HWY_DYNAMIC_DISPATCH(pack_tile)(units, packed);
}

}  // namespace helmholtz::cpu_layered::kernels
#endif
