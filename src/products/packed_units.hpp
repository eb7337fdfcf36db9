#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "helmholtz/world.hpp"
#include "products/bit_products.hpp"
#include "products/tiles.hpp"

namespace helmholtz::products {

/// Where the bits of a tile of units begin. Both begin at a multiple of 32 units and columns, with
/// room for whole vectors; behind the last unit or column a bit may be anything.
struct PackedTile {
  std::uint32_t* by_column = nullptr;  ///< word of 32 units w, column c: [w * column_stride + c]
  std::size_t column_stride = 0;
  std::uint32_t* by_unit = nullptr;  ///< word of 32 columns w, unit i: [w * unit_stride + i]
  std::size_t unit_stride = 0;
};

/// The units of a layer as bits, both ways: a column's units in a word, and a unit's columns.
class PackedUnits {
 public:
  PackedUnits(std::size_t units, std::size_t columns)
      : column_stride_(padded(columns)),
        unit_stride_(padded(units)),
        by_column_(words(units) * column_stride_),
        by_unit_(words(columns) * unit_stride_) {}

  static std::size_t bytes(std::size_t units, std::size_t columns) {
    return (words(units) * padded(columns) + words(columns) * padded(units)) *
           sizeof(std::uint32_t);
  }

  [[nodiscard]] PackedTile tile(const Range& units, const Range& columns) {
    return {by_column_.data() + units.begin / 32 * column_stride_ + columns.begin, column_stride_,
            by_unit_.data() + columns.begin / 32 * unit_stride_ + units.begin, unit_stride_};
  }

  /// All units of the columns from `first` on.
  [[nodiscard]] Units columns(std::size_t first) const {
    return {by_column_.data() + first, column_stride_};
  }
  /// All columns of the units from `first` on.
  [[nodiscard]] Units units(std::size_t first) const {
    return {by_unit_.data() + first, unit_stride_};
  }

 private:
  static std::size_t words(std::size_t bits) { return packed_words(static_cast<int>(bits)); }

  std::size_t column_stride_;
  std::size_t unit_stride_;
  std::vector<std::uint32_t> by_column_;  ///< [words of units x column_stride]
  std::vector<std::uint32_t> by_unit_;    ///< [words of columns x unit_stride]
};

}  // namespace helmholtz::products
