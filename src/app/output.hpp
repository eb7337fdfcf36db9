#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace helmholtz::app {

/// Writes text to stdout, where the data goes, and flushes it: a reader sees each line at once.
/// Control characters but the newline become '?': names of files and worlds may hold them.
/// @throws IoError if it cannot be written, e.g. to a full disk or a closed pipe
void print(std::string_view text);

/// print() and a newline.
void print_line(std::string_view text);

/// Writes text as it is: tables, arrays, and escape sequences of our own. @throws IoError
void print_bytes(std::string_view text);

/// Writes a diagnostic line to stderr; control characters become '?'.
void note(std::string_view text);

/// A name as part of a text for print(): on one line.
std::string shown(const std::filesystem::path& path);

using Json = nlohmann::ordered_json;

/// One line of --json output: numbers with all their digits; NaN and infinity are null; a name that
/// is no UTF-8 is mended. Control characters are escaped, also those that JSON would allow.
std::string json_text(const Json& json);

}  // namespace helmholtz::app
