#include "model/worlds/worlds.hpp"

namespace helmholtz::worlds {

namespace {

constexpr int kSide = 4;
constexpr double kVertical = 2.0 / 3.0;
constexpr double kOn = 0.2;

/// Bar i is on where bit i of `bars` is.
WeightedPattern pattern(unsigned bars, bool vertical) {
  WeightedPattern pattern{.bits = {}, .weight = vertical ? kVertical : 1 - kVertical};
  for (unsigned bar = 0; bar < kSide; ++bar) {
    pattern.weight *= ((bars >> bar) & 1U) != 0 ? kOn : 1 - kOn;
  }
  for (unsigned row = 0; row < kSide; ++row) {
    for (unsigned column = 0; column < kSide; ++column) {
      pattern.bits.push_back((bars >> (vertical ? column : row)) & 1U);
    }
  }
  return pattern;
}

}  // namespace

World bars4x4() {
  std::vector<WeightedPattern> patterns;
  for (const bool vertical : {true, false}) {
    for (unsigned bars = 0; bars < 1U << kSide; ++bars) {
      patterns.push_back(pattern(bars, vertical));
    }
  }
  return {"bars4x4", {.rows = kSide, .columns = kSide}, patterns};
}

}  // namespace helmholtz::worlds
