#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz::report {

/// A pattern as a small picture, as <svg>: on dark, off light, by the page's style.
/// @param bits  0 or 1, row by row
std::string bit_tile(std::span<const std::uint8_t> bits, ImageShape shape);

/// A matrix as a small picture: blue below zero, red above (safe for the colour-blind), the colour
/// full at `scale`. @param values  row by row
std::string weight_tile(std::span<const float> values, ImageShape shape, float scale);

/// The weights of a machine: for each unit of the layer above the visible one what it generates
/// and what it recognises, in the shape of the world's patterns; the matrices of the layers above.
/// Not more than a page can carry. HTML.
/// @param parameters  [topology.parameters()], finite
std::string weight_tiles(const Topology& topology, ImageShape shape,
                         std::span<const float> parameters);

}  // namespace helmholtz::report
