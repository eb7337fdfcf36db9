#include "model/worlds/worlds.hpp"

namespace helmholtz::worlds {

namespace {

constexpr unsigned kColumns = 8;
constexpr double kOn = 0.2;

void append_row_twice(unsigned row, std::vector<std::uint8_t>& bits) {
  for (int copy = 0; copy < 2; ++copy) {
    for (unsigned column = 0; column < kColumns; ++column) {
      bits.push_back((row >> column) & 1U);
    }
  }
}

/// Column c is on where bit c of `row` is.
WeightedPattern pattern(unsigned row, unsigned shift) {
  WeightedPattern pattern;
  for (unsigned column = 0; column < kColumns; ++column) {
    pattern.weight *= ((row >> column) & 1U) != 0 ? kOn : 1 - kOn;
  }
  append_row_twice(row, pattern.bits);
  append_row_twice(row << shift | row >> (kColumns - shift), pattern.bits);
  return pattern;
}

}  // namespace

World shifter() {
  std::vector<WeightedPattern> patterns;
  for (const unsigned shift : {1U, kColumns - 1}) {
    for (unsigned row = 0; row < 1U << kColumns; ++row) patterns.push_back(pattern(row, shift));
  }
  return {"shifter", {.rows = 4, .columns = kColumns}, patterns};
}

}  // namespace helmholtz::worlds
