#include "products/dense_products.hpp"

#include <algorithm>
#include <cstddef>

#include "products/bit_products.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "products/dense_products.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "products/small_matrices-inl.hpp"
#include "products/tiles.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::products::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

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

void sum_gradients(float rate, const ConstMatrix& errors, const ConstMatrix& inputs,
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

HWY_EXPORT(multiply_column);
HWY_EXPORT(multiply_columns);
HWY_EXPORT(sum_gradients);
HWY_EXPORT(add_outer_product);
HWY_EXPORT(move_biases);

void multiply_activities(const ConstMatrix& weights, const ConstMatrix& inputs,
                         const Matrix& activities) {
  if (inputs.stride == 1) {
    HWY_DYNAMIC_DISPATCH(multiply_column)(weights, inputs.data, activities);
  } else {
    HWY_DYNAMIC_DISPATCH(multiply_columns)(weights, inputs, activities);
  }
}

void multiply_gradients(float rate, const ConstMatrix& errors, const ConstMatrix& inputs,
                        const Matrix& weights) {
  if (inputs.stride == 1) {
    HWY_DYNAMIC_DISPATCH(add_outer_product)(rate, errors, inputs.data, weights);
    return;
  }
  for (std::size_t b = 0; b < errors.columns; b += kLookUpTerms) {
    const auto terms = std::min(kLookUpTerms, errors.columns - b);
    HWY_DYNAMIC_DISPATCH(sum_gradients)
    (rate, {errors.data + b, errors.rows, terms, errors.stride},
     {inputs.data + b, inputs.rows, terms, inputs.stride}, weights);
  }
}

void learn_bias(float rate, const ConstMatrix& errors, float* bias) {
  HWY_DYNAMIC_DISPATCH(move_biases)(rate, errors, bias);
}

}  // namespace helmholtz::products
#endif
