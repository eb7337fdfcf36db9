#pragma once

#include "base/matrix.hpp"

/// Products with units as floats, a multiply-add for each unit, on or off: for few columns
/// or outputs, for which nothing is worth looking up. The product with 0 or 1 is exact, so
/// instruction sets without a fused multiply-add get the same bits.
namespace helmholtz::products {

/// See `activities`; any number of columns.
void multiply_activities(const ConstMatrix& weights, const ConstMatrix& inputs,
                         const Matrix& activities);

/// See `learn`; kLookUpTerms columns after the other.
void multiply_gradients(float rate, const ConstMatrix& errors, const ConstMatrix& inputs,
                        const Matrix& weights);

}  // namespace helmholtz::products
