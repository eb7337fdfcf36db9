#pragma once

#include <cstdint>
#include <string_view>

namespace helmholtz::app {

/// A whole number in decimal digits; no sign, no exponent, no hexadecimal, no wrapping.
/// @throws InvalidArgument unless it is `least` to `most`
std::uint64_t parse_integer(std::string_view field, std::string_view text, std::uint64_t least,
                            std::uint64_t most);

/// A learning rate.
/// @throws InvalidArgument unless it is 0 or more and a float can hold it
double parse_rate(std::string_view field, std::string_view text);

}  // namespace helmholtz::app
