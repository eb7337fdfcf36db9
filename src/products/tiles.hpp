#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

/// How the matrices of products are laid out, and cut into pieces of work. The cuts depend on the
/// shapes alone, never on the number of threads, so neither do the bits of the products.
namespace helmholtz::products {

/// Floats from one row of a matrix to the next: whole cache lines, and whole vectors.
constexpr std::size_t padded(std::size_t columns) { return (columns + 15) / 16 * 16; }

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
};

/// A rectangle of one layer's matrix.
struct Tile {
  int layer = 0;
  Range rows;
  Range columns;
};

/// [0, size) in equal ranges of at most `largest`, each but the last a multiple of `unit`; one
/// empty range for size 0.
inline std::vector<Range> cut(std::size_t size, std::size_t largest, std::size_t unit) {
  const auto pieces = std::max<std::size_t>((size + largest - 1) / largest, 1);
  const auto length = ((size + pieces - 1) / pieces + unit - 1) / unit * unit;
  std::vector<Range> ranges;
  for (std::size_t begin = 0; begin < size; begin += length) {
    ranges.push_back({begin, std::min(begin + length, size)});
  }
  if (ranges.empty()) ranges.push_back({});
  return ranges;
}

/// Large enough for tables of partial sums to pay (bit_products.hpp), small enough for many cores
/// to share a layer and for a tile's activities to stay in a core's cache until they are used.
inline constexpr std::size_t kTileRows = 128;
inline constexpr std::size_t kTileColumns = 128;

/// Appends the tiles of a [rows x columns] matrix.
inline void append_tiles(int layer, std::size_t rows, std::size_t columns,
                         std::vector<Tile>& tiles) {
  for (const auto& row_range : cut(rows, kTileRows, 32)) {
    for (const auto& column_range : cut(columns, kTileColumns, 32)) {
      tiles.push_back({layer, row_range, column_range});
    }
  }
}

}  // namespace helmholtz::products
