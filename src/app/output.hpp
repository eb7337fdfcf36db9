#pragma once

#include <string_view>

namespace helmholtz::app {

/// Writes text to stdout, where the data goes, and flushes it: a reader sees each line at once.
/// @throws IoError if it cannot be written, e.g. to a full disk or a closed pipe
void print(std::string_view text);

/// print() with a newline behind.
void print_line(std::string_view text);

/// A line on stderr, where everything goes that is no data.
void note(std::string_view text);

}  // namespace helmholtz::app
