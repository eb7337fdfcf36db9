#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "helmholtz/world.hpp"

namespace helmholtz::report {

/// A pattern to draw, and a word to write under it.
struct Drawing {
  std::vector<std::uint8_t> bits;  ///< 0 or 1, row by row; as many as the shape has units
  std::string caption;             ///< may be empty; ASCII
};

/// Draws patterns side by side, as many as `columns` characters hold: # is on, · is off. A narrow
/// image has its pixels two characters wide, so that it looks square.
/// @return whole lines, each with its newline
std::string draw_patterns(std::span<const Drawing> drawings, ImageShape shape, int columns);

/// The units of a world's pattern k.
std::vector<std::uint8_t> pattern_bits(const World& world, std::size_t k);

}  // namespace helmholtz::report
