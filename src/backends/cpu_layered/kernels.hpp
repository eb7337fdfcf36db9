#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/matrix.hpp"
#include "helmholtz/world.hpp"
#include "products/packed_units.hpp"
#include "products/tiles.hpp"
#include "step/update.hpp"

/// What a training step does to each unit, between two products. Matrices are [units x columns],
/// a column for each particle of each batch row; SIMD, lane = column, so layers of any width fill
/// the vectors. A single column has stride 1 and lane = unit. The instruction set is chosen at run
/// time and does not change the bits.
///
/// Tiles are those of tiles.hpp. Whole vectors are used: up to 15 floats or words behind the last
/// unit or column may be written, and behind the last bias or word of targets be read.
namespace helmholtz::cpu_layered::kernels {

using products::PackedTile;
using products::Tile;

/// Where the draws of a tile are (random.hpp): unit j of its column c takes slot `slot + j` of row
/// `(first_column + c) * row_step`, with the slots of the step starting at `first_block`.
struct TileDraws {
  std::uint64_t seed = 0;
  std::uint64_t first_block = 0;
  std::uint64_t slot = 0;
  std::uint32_t first_column = 0;
  std::uint32_t row_step = 1;

  [[nodiscard]] std::uint32_t row(std::uint32_t c) const noexcept {
    return (first_column + c) * row_step;
  }
};

/// Where in the world's words the patterns begin that columns draw.
/// @param starts  [columns], and room for a whole vector
void find_patterns(const World& world, const TileDraws& draws, std::size_t columns,
                   std::uint32_t* starts);

/// A tile of the visible units takes given patterns.
/// @param starts  where in `words` each column's pattern begins, [kTileColumns]; any word will do
///                behind the last column
void show_patterns(std::span<const std::uint32_t> words, const std::uint32_t* starts,
                   const Tile& tile, const PackedTile& units);

/// Samples a tile of units.
/// @param activities  without bias
void sample(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
            const PackedTile& units);

/// Likewise; -ln of the probability of the units, column by column, is put into `scores`. Not for a
/// single column.
void sample_and_score(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
                      const PackedTile& units, float* scores);

/// Activities without bias become the errors target - p.
void subtract_from(const PackedTile& targets, const Matrix& activities, const float* bias);

/// Likewise; ln of the probability of the targets, column by column, is added to `scores`. Not for
/// a single column.
void subtract_and_score(const PackedTile& targets, const Matrix& activities, const float* bias,
                        float* scores);

/// Every column is multiplied with its weight.
void scale_columns(const Matrix& errors, const float* weights);

/// Parameters follow their gradients, which have their shape and stride (step/update.inl).
/// @param mean    of g, as the next in the parameters' layout
/// @param square  the mean of g^2, where update.means is 2; else null
void follow(const step::Update& update, float rate, const ConstMatrix& gradient,
            const Matrix& parameters, float* mean, float* square);

/// Negative entries become 0.
void clamp_negative(const Matrix& weights);

}  // namespace helmholtz::cpu_layered::kernels
