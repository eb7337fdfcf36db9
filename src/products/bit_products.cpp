#include "products/bit_products.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "products/row_sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "products/bit_products.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "products/small_matrices-inl.hpp"
#include "products/tiles.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::products::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kWord = 32;
constexpr std::size_t kGroups = kWord / 4;
/// Outputs at a time: the tables of a word of bits take 16 KiB, half of a core's L1.
constexpr std::size_t kWidth = 32;

/// The sums of up to kWidth outputs of every column, and what makes them.
struct Sums {
  HWY_ALIGN float terms[kWord * kWidth];          ///< [term][output], where they are not in rows
  HWY_ALIGN float tables[kGroups * 16 * kWidth];  ///< [group of four terms][bits][output]
  HWY_ALIGN float sums[kTileColumns * kWidth];    ///< [column][output]
};

/// All sums of some of four terms, rows that are `stride` floats apart, for kVectors of outputs.
template <std::size_t kVectors>
HWY_INLINE void fill_table(const float* terms, std::size_t stride, float* table) {
  constexpr auto kStride = kVectors * kLanes;
  for (std::size_t v = 0; v < kStride; v += kLanes) {
    FloatOps::F some[4];
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      some[i] = hn::LoadU(FloatOps::D(), terms + i * stride + v);
    }
    FloatOps::F sums[16];
    sums[0] = FloatOps::set(0);
    FloatOps::store(sums[0], table + v);
#pragma GCC unroll 16
    for (std::size_t n = 1; n < 16; ++n) {
      const auto last = static_cast<std::size_t>(std::bit_width(n)) - 1;
      const auto before = n - (std::size_t{1} << last);
      sums[n] = before == 0 ? some[last] : FloatOps::add(sums[before], some[last]);
      FloatOps::store(sums[n], table + n * kStride + v);
    }
  }
}

/// The tables of at most kWord terms: behind the last one come terms of 0.
template <std::size_t kVectors>
HWY_INLINE void fill_tables(const ConstMatrix& terms, float* tables) {
  constexpr auto kStride = kVectors * kLanes;
  std::size_t k = 0;
  for (; k + 4 <= terms.rows; k += 4) {
    fill_table<kVectors>(terms.data + k * terms.stride, terms.stride, tables + 4 * k * kStride);
  }
  if (k == terms.rows) return;
  HWY_ALIGN float last[4 * kStride] = {};
  for (std::size_t i = 0; k + i < terms.rows; ++i) {
    std::copy_n(terms.data + (k + i) * terms.stride, terms.columns, last + i * kStride);
  }
  fill_table<kVectors>(last, kStride, tables + 4 * k * kStride);
}

/// Adds what the words' bits select from the tables.
template <std::size_t kVectors, bool kWhole>
HWY_INLINE void add_selected(const float* tables, std::size_t some, const std::uint32_t* words,
                             std::size_t columns, float* sums) {
  constexpr auto kStride = kVectors * kLanes;
  constexpr int kShift = std::bit_width(kStride) - 1;
  const auto groups = kWhole ? kGroups : some;
  for (std::size_t c = 0; c < columns; ++c, sums += kStride) {
    FloatOps::F own[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) own[v] = FloatOps::load(sums + v * kLanes);
#pragma GCC unroll 8
    for (std::size_t g = 0; g < groups; ++g) {
      // Bits 4 g to 4 g + 3, times the stride: rotated into place, without a multiplication.
      const auto place = std::rotr(words[c], static_cast<int>(4 * g) - kShift) & (15U << kShift);
      const float* const selected = tables + 16 * g * kStride + place;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        own[v] = FloatOps::add(own[v], FloatOps::load(selected + v * kLanes));
      }
    }
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) FloatOps::store(own[v], sums + v * kLanes);
  }
}

/// Terms that lie as look_up() takes them: weights, [inputs x outputs].
struct Weights {
  ConstMatrix all;

  [[nodiscard]] std::size_t terms() const { return all.rows; }
  [[nodiscard]] std::size_t outputs() const { return all.columns; }
  template <std::size_t kStride>
  HWY_INLINE ConstMatrix word(const Range& terms, const Range& outputs, float*) const {
    return {all.data + terms.begin * all.stride + outputs.begin, terms.size(), outputs.size(),
            all.stride};
  }
};

/// Terms that are transposed first: errors, [outputs x columns].
struct Errors {
  ConstMatrix all;

  [[nodiscard]] std::size_t terms() const { return all.columns; }
  [[nodiscard]] std::size_t outputs() const { return all.rows; }
  template <std::size_t kStride>
  HWY_INLINE ConstMatrix word(const Range& terms, const Range& outputs, float* buffer) const {
    if (outputs.size() < kStride) std::fill_n(buffer, terms.size() * kStride, 0.0F);
    transpose({all.data + outputs.begin * all.stride + terms.begin, outputs.size(), terms.size(),
               all.stride},
              buffer, kStride);
    return {buffer, terms.size(), outputs.size(), kStride};
  }
};

/// sums[c][j] = the terms of output j of which column c has the bit.
template <std::size_t kVectors, class Terms>
HWY_NOINLINE void look_up(const Terms& terms, const Range& outputs, const Units& units,
                          std::size_t columns, Sums& own) {
  constexpr auto kStride = kVectors * kLanes;
  std::fill_n(own.sums, columns * kStride, 0.0F);
  for (std::size_t k = 0; k < terms.terms(); k += kWord) {
    const Range some{k, std::min(k + kWord, terms.terms())};
    fill_tables<kVectors>(terms.template word<kStride>(some, outputs, own.terms), own.tables);
    const auto groups = (some.size() + 3) / 4;
    const auto* const words = units.words + k / kWord * units.words_stride;
    if (groups == kGroups) {
      add_selected<kVectors, true>(own.tables, groups, words, columns, own.sums);
    } else {
      add_selected<kVectors, false>(own.tables, groups, words, columns, own.sums);
    }
  }
}

/// Calls take(first, sums) with the sums of some outputs, [columns][outputs].
template <class Terms, class Take>
HWY_INLINE void look_up_outputs(const Terms& terms, const Units& units, std::size_t columns,
                                const Take& take) {
  Sums own;  // NOLINT: look_up() fills what it reads
  const auto count = terms.outputs();
  const auto some = [&](auto vectors, std::size_t j) HWY_ATTR {
    constexpr std::size_t kVectors = decltype(vectors)::value;
    const Range outputs{j, std::min(j + kVectors * kLanes, count)};
    look_up<kVectors>(terms, outputs, units, columns, own);
    take(j, ConstMatrix{own.sums, columns, outputs.size(), kVectors * kLanes});
    return outputs.size();
  };
  constexpr auto kMost = kWidth / kLanes;
  constexpr auto kHalf = kMost / 2 > 0 ? kMost / 2 : 1;
  std::size_t j = 0;
  while (count - j > kWidth / 2) j += some(std::integral_constant<std::size_t, kMost>(), j);
  while (count - j > kLanes) j += some(std::integral_constant<std::size_t, kHalf>(), j);
  while (j < count) j += some(std::integral_constant<std::size_t, 1>(), j);
}

void look_up_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& out) {
  look_up_outputs(Weights{weights}, inputs, out.columns,
                  [&](std::size_t j, const ConstMatrix& sums)
                      HWY_ATTR { transpose(sums, out.data + j * out.stride, out.stride); });
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

void look_up_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                       const Matrix& weights) {
  look_up_outputs(Errors{errors}, inputs, weights.rows,
                  [&](std::size_t j, const ConstMatrix& sums) HWY_ATTR {
                    for (std::size_t i = 0; i < sums.rows; ++i) {
                      add_scaled(rate, sums.data + i * sums.stride, sums.columns,
                                 weights.data + i * weights.stride + j);
                    }
                  });
}

}  // namespace helmholtz::products::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::products {

HWY_EXPORT(look_up_activities);
HWY_EXPORT(look_up_gradients);

void activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities) {
  if (activities.columns <= kFewColumns) return add_activities(weights, inputs, activities);
  HWY_DYNAMIC_DISPATCH(look_up_activities)(weights, inputs, activities);
}

void learn(float rate, const ConstMatrix& errors, const Units& inputs, const Matrix& weights) {
  if (errors.columns <= kFewTerms) return add_gradients(rate, errors, inputs, weights);
  HWY_DYNAMIC_DISPATCH(look_up_gradients)(rate, errors, inputs, weights);
}

}  // namespace helmholtz::products
#endif
