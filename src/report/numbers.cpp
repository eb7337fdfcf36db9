#include "report/numbers.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

namespace helmholtz::report {

std::string grouped(std::uint64_t value) {
  auto text = std::to_string(value);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3) {
    text.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(count), noun, count == 1 ? "" : "s");
}

std::string bytes(double count) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t u = 0;
  while (count >= 1023.5 && u + 1 < kUnits.size()) {
    count /= 1024;
    ++u;
  }
  return fmt::format("{:.{}f} {}", count, u == 0 || count >= 100 ? 0 : 1, kUnits[u]);
}

std::string scaled(double value) {
  constexpr std::array kPrefixes = {"", " k", " M", " G", " T"};
  std::size_t p = 0;
  while (value >= 999.5 && p + 1 < kPrefixes.size()) {
    value /= 1000;
    ++p;
  }
  return p == 0 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}{}", value, kPrefixes[p]);
}

std::string decimal(double value) {
  const double size = std::abs(value);
  if (std::isnan(value)) return "-";
  if (size < 0.00005) return "0.0000";  // not -0.0000
  if (size < 999.99995) return fmt::format("{:.4f}", value);
  return size < 99999.5 ? fmt::format("{:.1f}", value) : fmt::format("{:.2e}", value);
}

std::string clock(double seconds) {
  constexpr double kLongest = 1e9;  // some thirty years
  const auto total = static_cast<std::uint64_t>(seconds < kLongest ? seconds + 0.5 : kLongest);
  const auto hours = total / 3600;
  const auto minutes = total / 60 % 60;
  if (hours == 0) return fmt::format("{}:{:02}", minutes, total % 60);
  return fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60);
}

}  // namespace helmholtz::report
