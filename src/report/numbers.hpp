#pragma once

#include <cstdint>
#include <string>

namespace helmholtz::report {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t value);

/// A rate or another large number in short: "950", "12.3 k", "4.56 M", "20.1 G".
std::string scaled(double value);

/// A duration as "0:07", "12:34" or "3:04:05".
std::string clock(double seconds);

}  // namespace helmholtz::report
