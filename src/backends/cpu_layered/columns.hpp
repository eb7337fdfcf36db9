#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "helmholtz/topology.hpp"
#include "products/tiles.hpp"

namespace helmholtz::cpu_layered {

using products::append_tiles;
using products::kTileColumns;
using products::kTileRows;
using products::padded;
using products::Range;
using products::Tile;

inline std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// The units or errors of all layers that a phase works on, [n_l x count] floats a layer. Awake a
/// column is a particle of a batch row, number b * K + k; asleep it is a batch row.
class Columns {
 public:
  Columns(const Topology& topology, std::size_t count)
      : count_(count), stride_(count == 1 ? 1 : padded(count)) {
    for (int l = 0; l <= topology.last(); ++l) {
      first_tile_.push_back(tiles_.size());
      append_tiles(l, index(topology.size(l)), count, tiles_);
    }
    first_tile_.push_back(tiles_.size());
  }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Floats from one unit to the next: a single column makes vectors without gaps.
  [[nodiscard]] std::size_t stride() const noexcept { return stride_; }
  [[nodiscard]] std::size_t floats(int units) const { return padded(index(units) * stride_); }

  /// A rectangle of the units or errors of one layer.
  [[nodiscard]] Matrix rectangle(float* layer, Range units, Range columns) const {
    return {{layer + units.begin * stride_ + columns.begin, units.size(), columns.size(), stride_}};
  }

  /// Layer 0 first.
  [[nodiscard]] const std::vector<Tile>& tiles() const noexcept { return tiles_; }
  /// Those of layers first to last.
  [[nodiscard]] std::span<const Tile> tiles(int first, int last) const {
    const auto begin = first_tile_[index(first)];
    return std::span(tiles_).subspan(begin, first_tile_[index(last) + 1] - begin);
  }
  /// Its place in tiles().
  [[nodiscard]] std::size_t number(const Tile& tile) const {
    return static_cast<std::size_t>(&tile - tiles_.data());
  }

 private:
  std::size_t count_;
  std::size_t stride_;
  std::vector<Tile> tiles_;
  std::vector<std::size_t> first_tile_;  ///< [L+2]
};

}  // namespace helmholtz::cpu_layered
