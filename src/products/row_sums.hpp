#pragma once

#include <cstddef>

#include "base/matrix.hpp"
#include "products/bit_products.hpp"

/// Products that add up the weights of the units that are on, and touch no others: of few columns,
/// for which tables of partial sums would not pay.
namespace helmholtz::products {

/// Of activities; more are looked up.
inline constexpr std::size_t kFewColumns = 16;
/// Of gradients, whose terms the columns are.
inline constexpr std::size_t kFewTerms = 8;

/// See `activities`; at most kFewColumns.
void add_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities);

/// See `learn`; at most kFewTerms columns.
void add_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                   const Matrix& weights);

}  // namespace helmholtz::products
