#pragma once

#include <cstddef>
#include <cstdint>

#include "base/matrix.hpp"

/// Products of floats and units that are 0 or 1: sums of the floats of the units that are on. The
/// order of the additions depends on the shapes alone, so the instruction set, the number of
/// threads and the host do not change the bits.
///
/// Sums are looked up: of every four terms all 16 partial sums are made once, and four bits say
/// which one to add, a vector of outputs at a time. For few columns (row_sums.hpp), the terms of
/// the units that are on are added one after the other. Weights are [inputs x outputs] for both:
/// what a unit gives its outputs is a row, and up to 15 floats behind it may be read.
namespace helmholtz::products {

/// Units as bits: word w of column c, for the units from 32 w on, is words[w * words_stride + c].
/// Behind the last unit a bit may be anything.
struct Units {
  const std::uint32_t* words = nullptr;
  std::size_t words_stride = 0;
};

/// activities = weights^T inputs: [n x B] from [k x n] and [k x B], at most kTileColumns columns.
void activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities);

/// weights += rate * inputs errors^T: [k x n] from [k x B] and [n x B], at most kTileRows outputs
/// and kTileColumns inputs.
/// @param inputs   their words are those of a unit, for the batch columns
/// @param weights  up to 15 floats behind the last output may be written back as they were
void learn(float rate, const ConstMatrix& errors, const Units& inputs, const Matrix& weights);

/// bias[j] += rate * the sum of row j of errors.
void learn_bias(float rate, const ConstMatrix& errors, float* bias);

}  // namespace helmholtz::products
