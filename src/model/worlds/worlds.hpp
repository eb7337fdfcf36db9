#pragma once

#include <string_view>

#include "helmholtz/world.hpp"

/// The worlds of the registry: one file each.
namespace helmholtz::worlds {

/// Vertical single and double columns of a 3x3 image, 2/18 each, and horizontal rows, 1/18 each
/// (Kirby 2006).
World kirby3x3();

/// Bars of a 4x4 image: vertical with probability 2/3, else horizontal; then each of the four bars
/// on with probability 0.2 by itself. The empty and the full image belong to both orientations: 30
/// patterns, 3.428 bits (Hinton, Dayan, Frey & Neal 1995).
World bars4x4();

/// A 4x8 image: a row of 8 pixels, each on with probability 0.2, drawn twice; below it, also drawn
/// twice, the row shifted by one pixel to the left or right, equally likely and wrapping around.
/// The four rows of period two look the same either way: 508 patterns (Dayan, Hinton, Neal & Zemel
/// 1995; they shift upwards, which is the same distribution).
World shifter();

/// The patterns of a text file, one per line: 0 and 1 with nothing, spaces, or one comma between
/// two of them, or numbers of that value with spaces or a comma between (1.000e+00, as
/// numpy.savetxt writes them); then, after `|` or a tab, the pattern's weight (1 without). One
/// unit, a tab and 0 or 1 is refused: it may be two units. Equal patterns merge, weight 0 drops.
/// Empty lines and lines that begin with # are skipped; lines may end in blanks and CR LF, the file
/// may begin with the byte order mark of UTF-8. Drawn as a square if the number of units is a
/// perfect square, else as one row.
/// @throws NoInput if there is no such file, IoError if it cannot be read,
///         BadData with line and column for anything else in it
World pattern_file(std::string_view path);

}  // namespace helmholtz::worlds
