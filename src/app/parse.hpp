#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace helmholtz::app {

/// A whole number in decimal digits; no sign, no exponent, no hexadecimal, no wrapping.
/// @throws InvalidArgument unless it is `least` to `most`
std::uint64_t parse_integer(std::string_view field, std::string_view text, std::uint64_t least,
                            std::uint64_t most);

/// A learning rate.
/// @throws InvalidArgument unless it is 0 or more and a float can hold it
double parse_rate(std::string_view field, std::string_view text);

/// @throws InvalidArgument if a file's name is given and empty
void require_file_name(std::string_view field, const std::optional<std::string>& name);

}  // namespace helmholtz::app
