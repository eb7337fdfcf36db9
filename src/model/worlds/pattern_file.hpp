#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "helmholtz/world.hpp"

namespace helmholtz {

/// The name of such a world is this and its path.
inline constexpr std::string_view kFilePrefix = "file:";

/// Where the patterns of a world come from, if it is of a file.
std::optional<std::filesystem::path> pattern_path(const World& world);

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

}  // namespace helmholtz
