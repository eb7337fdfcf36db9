#pragma once

#include <cstdint>
#include <string_view>

/// Values that users write; every mistake names the field, the value and what is allowed.
namespace helmholtz {

/// A whole number in decimal digits; no sign, no exponent, no hexadecimal, no wrapping.
/// @throws InvalidArgument unless it is `least` to `most`
std::uint64_t parse_integer(std::string_view field, std::string_view text, std::uint64_t least,
                            std::uint64_t most);

/// A learning rate.
/// @throws InvalidArgument unless it is 0 or more and a float can hold it
double parse_rate(std::string_view field, std::string_view text);

/// @param zero_is_likely  whether a list may well have the whole number 0 before another
/// @throws InvalidArgument for a list such as "0,05", which may be two values or be meant as 0.05
void require_no_decimal_comma(std::string_view field, std::string_view text, bool zero_is_likely);

}  // namespace helmholtz
