#pragma once

#include <cstddef>
#include <cstdint>

#include "base/matrix.hpp"

/// Products of floats and units that are 0 or 1: sums of the floats of the units that are on. The
/// order of the additions depends on the shapes alone, so the instruction set, the number of
/// threads and the host do not change the bits.
///
/// With many terms in common, sums are looked up: of every four terms all 16 partial sums are
/// made once, and four bits say which one to add, a vector of outputs at a time. With few, a
/// multiply-add per unit, on or off, is faster.
namespace helmholtz::products {

/// The same units twice: as floats, [k x m], and as bits, of which word w of column c, for the rows
/// from 32 w on, is words[w * words_stride + c].
struct Units {
  ConstMatrix floats;
  const std::uint32_t* words = nullptr;
  std::size_t words_stride = 0;
};

/// From so many columns on, sums are looked up and `words` are read.
inline constexpr std::size_t kLookUpColumns = 24;
/// Likewise for the batch columns that a gradient sums over.
inline constexpr std::size_t kLookUpTerms = 24;
/// Fewer outputs leave most of a vector empty.
inline constexpr std::size_t kLookUpOutputs = 16;

/// activities = weights inputs: [n x B] from [n x k] and [k x B], at most kTileColumns columns.
/// Inputs of stride 1 are a single column.
void activities(const ConstMatrix& weights, const Units& inputs, const Matrix& activities);

/// weights += rate * errors inputs^T: [n x k] from [n x B] and [k x B], at most kTileColumns
/// inputs.
/// @param inputs  their words are those of a unit, for the batch columns
void learn(float rate, const ConstMatrix& errors, const Units& inputs, const Matrix& weights);

/// bias[j] += rate * the sum of row j of errors.
void learn_bias(float rate, const ConstMatrix& errors, float* bias);

/// Where the bits of a tile of units begin. Both begin at a multiple of 32 units and columns.
struct PackedTile {
  std::uint32_t* by_column = nullptr;  ///< word of 32 units w, column c: [w * column_stride + c]
  std::size_t column_stride = 0;
  std::uint32_t* by_unit = nullptr;  ///< word of 32 columns w, unit i: [w * unit_stride + i]
  std::size_t unit_stride = 0;
};

/// Packs units, whole words: behind the last unit or column a bit may be anything.
/// @param packed  room for whole vectors of columns
void pack(const ConstMatrix& units, const PackedTile& packed);

}  // namespace helmholtz::products
