#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/aligned.hpp"
#include "helmholtz/layer_shape.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "products/bit_products.hpp"
#include "products/tiles.hpp"
#include "products/weight_order.hpp"

namespace helmholtz::importance {

/// Weights w of some of a row's particles, relative to the largest one.
struct WeightSums {
  double largest = -std::numeric_limits<double>::infinity();  ///< ln w
  double weights = 0;
  double squares = 0;
  double logarithms = 0;  ///< of ln w

  /// In the order of the particles.
  void add(const WeightSums& later);
  /// @param particles  that were added up
  [[nodiscard]] RowLikelihood estimate(std::uint64_t particles) const;
};

/// Particles [first_particle, first_particle + particles) of rows [first_row, first_row + rows).
struct Piece {
  std::size_t first_row = 0;
  std::size_t rows = 0;
  std::uint64_t first_particle = 0;
  std::size_t particles = 0;
};

/// Rows and particles per row that a tile has room for.
struct TileSize {
  std::size_t rows = 0;
  std::size_t particles = 0;
};

/// The weights of a piece's particles, column by column. A tile has the columns of a whole piece,
/// whatever is missing of its rows and particles, so that the bits of a product depend on no other
/// row: missing rows repeat the last one.
class ParticleTile {
 public:
  /// Keeps references to the first three.
  ParticleTile(const LayerShape& shape, const products::WeightOrder& order, const PackedRows& rows,
               const TileSize& size);

  /// One machine's weights.
  /// @param parameters  in that order
  /// @param out         [piece.rows]
  void run(const Piece& piece, const float* parameters, std::uint64_t seed,
           std::span<WeightSums> out);

 private:
  struct Network;

  /// Units of a layer over some columns: as floats, 0 or 1, and as words of 32 units.
  struct States {
    States(std::size_t unit_count, std::size_t column_count, std::size_t column_stride);
    [[nodiscard]] products::Units part(products::Range range) const;

    std::size_t units, columns;
    std::size_t stride;            ///< of both, in columns
    Aligned<float> floats;         ///< [units x stride]
    Aligned<std::uint32_t> words;  ///< [words of 32 units x stride]
  };

  [[nodiscard]] std::size_t row(std::size_t slot) const;
  /// The piece's rows, a column each.
  [[nodiscard]] States visible_rows() const;
  /// Every row's value to the columns of its particles, unit by unit.
  /// @param of_rows  rows `stride` floats apart
  void copy_to_columns(const Aligned<float>& of_rows, std::size_t stride,
                       Aligned<float>& of_columns) const;
  void address_draws();
  /// The sums of each row's weights, from their logarithms.
  void sum_rows(std::span<WeightSums> out);
  /// Samples the hidden layers, and adds their scores.
  void recognise(const States& visible, std::uint64_t seed, Network& network);
  /// Adds generative layer l's scores, some units after the other.
  void score(int l, Network& network);
  /// Activities without bias of some of a layer's units.
  /// @param activities  [outputs x inputs.stride]
  void multiply(const products::LayerByInput& layer, products::Range outputs, const States& inputs,
                float* activities) const;

  const LayerShape& shape_;
  const products::WeightOrder& order_;
  const PackedRows& rows_;
  TileSize size_;
  std::size_t columns_;  ///< of all rows' particles, padded to whole vectors
  Piece piece_;
  const float* parameters_ = nullptr;
  std::vector<States> states_;          ///< [L+1], of columns_ columns
  Aligned<float> activities_;           ///< [some units x columns]
  Aligned<std::uint32_t> particles_;    ///< [columns]
  Aligned<std::uint32_t> blocks_low_;   ///< [columns]
  Aligned<std::uint32_t> blocks_high_;  ///< [columns]
  Aligned<double> log_weights_;         ///< [columns]
  Aligned<double> weights_;             ///< [columns]
};

}  // namespace helmholtz::importance
