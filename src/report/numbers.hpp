#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace helmholtz::report {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t value);

/// "1 shard", "2 shards".
std::string counted(std::uint64_t count, std::string_view noun);

/// Bytes as "512 B", "1.5 MiB", "12.3 GiB".
std::string bytes(double count);

/// A rate or another large number in short: "950", "12.3 k", "4.56 M", "20.1 G".
std::string scaled(double value);

/// A KL or another number of a table: four digits behind the point, fewer where it is large; "inf";
/// "-" for NaN. 8 characters at most, below 1e100.
std::string decimal(double value);

/// A duration as "0:07", "12:34" or "3:04:05".
std::string clock(double seconds);

}  // namespace helmholtz::report
