#pragma once

#include "base/matrix.hpp"
#include "products/bit_products.hpp"

/// Products of a single column, which touch only the weights of the units that are on.
namespace helmholtz::products {

/// See `activities`.
void add_activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities);

/// See `learn`.
void add_gradients(float rate, const ConstMatrix& errors, const Units& inputs,
                   const Matrix& weights);

}  // namespace helmholtz::products
