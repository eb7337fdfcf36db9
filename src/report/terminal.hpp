#pragma once

#include <cstdio>

namespace helmholtz::report {

/// Whether a stream's reader is a person: a terminal that can move its cursor.
bool is_terminal(std::FILE* stream);

/// Columns of the terminal behind a stream; 80 where there is none.
int terminal_columns(std::FILE* stream);

/// Whether to colour a stream: a terminal, no NO_COLOR in the environment (no-color.org), and the
/// user did not ask for none.
bool use_color(std::FILE* stream, bool no_color);

}  // namespace helmholtz::report
