#include <array>

#include "model/worlds/worlds.hpp"

namespace helmholtz::worlds {

namespace {

constexpr int kSide = 3;
/// Which lines of the image are on: three single ones, then the three pairs.
constexpr std::array<std::array<std::uint8_t, kSide>, 6> kLines = {
    {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}, {1, 0, 1}, {0, 1, 1}}};

WeightedPattern pattern(const std::array<std::uint8_t, kSide>& lines, bool vertical) {
  WeightedPattern pattern{.bits = {}, .weight = vertical ? 2.0 : 1.0};
  for (std::size_t row = 0; row < kSide; ++row) {
    for (std::size_t column = 0; column < kSide; ++column) {
      pattern.bits.push_back(lines[vertical ? column : row]);
    }
  }
  return pattern;
}

}  // namespace

World kirby3x3() {
  std::vector<WeightedPattern> patterns;
  for (const bool vertical : {true, false}) {
    for (const auto& lines : kLines) patterns.push_back(pattern(lines, vertical));
  }
  return {"kirby3x3", {.rows = kSide, .columns = kSide}, patterns};
}

}  // namespace helmholtz::worlds
