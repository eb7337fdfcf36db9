#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "model/worlds/pattern_file.hpp"

namespace helmholtz {

namespace {

/// A square image of parallel lines: line i is on where bit i of `lines` is.
WeightedPattern line_image(unsigned side, unsigned lines, bool vertical, double weight) {
  WeightedPattern pattern{.bits = {}, .weight = weight};
  for (unsigned row = 0; row < side; ++row) {
    for (unsigned column = 0; column < side; ++column) {
      pattern.bits.push_back((lines >> (vertical ? column : row)) & 1U);
    }
  }
  return pattern;
}

/// `weight` times the probability of the lowest bits, each on with probability 0.2 by itself.
double times_sparse(double weight, unsigned bits, unsigned count) {
  constexpr double kOn = 0.2;
  for (unsigned i = 0; i < count; ++i) weight *= ((bits >> i) & 1U) != 0 ? kOn : 1 - kOn;
  return weight;
}

/// Vertical single and double columns of a 3x3 image, 2/18 each, and horizontal rows, 1/18 each
/// (Kirby 2006).
World kirby3x3() {
  constexpr unsigned kSide = 3;
  std::vector<WeightedPattern> patterns;
  for (const bool vertical : {true, false}) {
    for (const unsigned lines : {0b001U, 0b010U, 0b100U, 0b011U, 0b101U, 0b110U}) {
      patterns.push_back(line_image(kSide, lines, vertical, vertical ? 2.0 : 1.0));
    }
  }
  return {"kirby3x3", {.rows = kSide, .columns = kSide}, patterns};
}

/// Bars of a 4x4 image: vertical with probability 2/3, else horizontal; then each of the four bars
/// on with probability 0.2 by itself. The empty and the full image belong to both orientations: 30
/// patterns, 3.428 bits (Hinton, Dayan, Frey & Neal 1995).
World bars4x4() {
  constexpr unsigned kSide = 4;
  constexpr double kVertical = 2.0 / 3.0;
  std::vector<WeightedPattern> patterns;
  for (const bool vertical : {true, false}) {
    for (unsigned bars = 0; bars < 1U << kSide; ++bars) {
      const double weight = times_sparse(vertical ? kVertical : 1 - kVertical, bars, kSide);
      patterns.push_back(line_image(kSide, bars, vertical, weight));
    }
  }
  return {"bars4x4", {.rows = kSide, .columns = kSide}, patterns};
}

/// A 4x8 image: a row of 8 pixels, each on with probability 0.2, drawn twice; below it, also drawn
/// twice, the row shifted by one pixel to the left or right, equally likely and wrapping around.
/// The four rows of period two look the same either way: 508 patterns (Dayan, Hinton, Neal & Zemel
/// 1995; they shift upwards, which is the same distribution).
World shifter() {
  constexpr unsigned kColumns = 8;
  std::vector<WeightedPattern> patterns;
  for (const unsigned shift : {1U, kColumns - 1}) {
    for (unsigned row = 0; row < 1U << kColumns; ++row) {
      WeightedPattern pattern{.bits = {}, .weight = times_sparse(1, row, kColumns)};
      const unsigned shifted = row << shift | row >> (kColumns - shift);
      for (const unsigned pixels : {row, row, shifted, shifted}) {
        for (unsigned c = 0; c < kColumns; ++c) pattern.bits.push_back((pixels >> c) & 1U);
      }
      patterns.push_back(pattern);
    }
  }
  return {"shifter", {.rows = 4, .columns = kColumns}, patterns};
}

/// One world: to add another, add a function and a row.
struct Entry {
  std::string_view name;
  std::string_view summary;
  World (*make)();
};

constexpr std::array kWorlds = {
    Entry{"kirby3x3",
          "vertical and horizontal lines in a 3x3 image, vertical ones twice as often "
          "(Kirby 2006)",
          kirby3x3},
    Entry{"bars4x4",
          "vertical or horizontal bars in a 4x4 image, each on by itself "
          "(Hinton, Dayan, Frey & Neal 1995)",
          bars4x4},
    Entry{"shifter",
          "a row of 8 random pixels above itself shifted by one, in a 4x8 image "
          "(Dayan, Hinton, Neal & Zemel 1995)",
          shifter},
    Entry{
        "file:PATH",
        "the patterns of a text file: a line of 0/1 each, with a weight after | or a tab if not 1",
        nullptr},  // make_world asks for kFilePrefix first
};

}  // namespace

std::vector<WorldInfo> list_worlds() {
  std::vector<WorldInfo> infos;
  for (const auto& entry : kWorlds) {
    infos.push_back({std::string(entry.name), std::string(entry.summary)});
  }
  return infos;
}

World make_world(std::string_view spec) {
  if (spec.starts_with(kFilePrefix) && spec.size() > kFilePrefix.size()) {
    return pattern_file(spec.substr(kFilePrefix.size()));
  }
  const auto* const entry = std::ranges::find(kWorlds, spec, &Entry::name);
  if (entry != kWorlds.end()) return entry->make();
  std::vector<std::string> names;
  for (const auto& known : kWorlds) names.emplace_back(known.name);
  throw InvalidArgument(
      "world", spec, text::with_suggestion(fmt::format("{}", fmt::join(names, ", ")), spec, names));
}

}  // namespace helmholtz
