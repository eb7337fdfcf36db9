#include "helmholtz/world.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

namespace {

std::vector<std::uint32_t> packed(const std::vector<std::uint8_t>& bits) {
  std::vector<std::uint32_t> words(packed_words(static_cast<int>(bits.size())));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    words[i / 32] |= static_cast<std::uint32_t>(bits[i]) << (i % 32);
  }
  return words;
}

void require_valid(const WeightedPattern& pattern, std::size_t units) {
  if (pattern.bits.size() != units) {
    throw InvalidArgument("world", fmt::format("a pattern of {} bits", pattern.bits.size()),
                          fmt::format("{} bits, as the first pattern has", units));
  }
  const auto is_bit = [](std::uint8_t bit) { return bit <= 1; };
  if (!std::all_of(pattern.bits.begin(), pattern.bits.end(), is_bit)) {
    throw InvalidArgument("world", "a pattern with another value", "bits 0 and 1");
  }
  if (!(pattern.weight >= 0) || !std::isfinite(pattern.weight)) {
    throw InvalidArgument("world", fmt::format("weight {}", pattern.weight),
                          "finite weights, 0 or more");
  }
}

double total_weight(const std::vector<WeightedPattern>& patterns, std::size_t units) {
  double total = 0;
  for (const auto& pattern : patterns) {
    require_valid(pattern, units);
    total += pattern.weight;
  }
  if (!(total > 0) || !std::isfinite(total)) {
    throw InvalidArgument("world", fmt::format("weights that add up to {}", total),
                          "a finite total above 0");
  }
  return total;
}

/// P(visible unit = 1) of weighted patterns.
std::vector<double> weighted_marginals(const World& world) {
  std::vector<double> marginals(static_cast<std::size_t>(world.visible_units()));
  for (std::size_t k = 0; k < world.size(); ++k) {
    for (std::size_t i = 0; i < marginals.size(); ++i) {
      if (world.bit(k, static_cast<int>(i))) marginals[i] += world.probabilities()[k];
    }
  }
  return marginals;
}

/// round((k+1)/N * 2^32) for k < N-1, in integers: there are no halves below 2^33 rows.
std::vector<std::uint32_t> uniform_thresholds(std::uint64_t rows) {
  std::vector<std::uint32_t> thresholds(rows - 1);
  for (std::uint64_t k = 0; k + 1 < rows; ++k) {
    thresholds[k] = static_cast<std::uint32_t>((((k + 1) << 33U) / rows + 1) / 2);
  }
  return thresholds;
}

/// The units of data whose rows fit the shape, and are not too many.
int checked_units(const DataRows& data, ImageShape shape) {
  const auto pixels = std::int64_t{shape.rows} * shape.columns;
  if (shape.rows < 1 || shape.columns < 1 || pixels > Topology::kMaxUnits ||
      (data.rows && data.rows->units() != pixels)) {
    throw InvalidArgument("data", fmt::format("images of {} x {}", shape.rows, shape.columns),
                          data.rows ? fmt::format("{} units", data.rows->units())
                                    : fmt::format("1 to {} units", Topology::kMaxUnits));
  }
  const auto most = World::kMaxDataWords;
  const auto words = data.rows ? data.rows->words().size() : 0;
  const bool is_all = !data.rows || data.rows->size() == data.count;
  if (data.count < 1 || data.count > most || words > most || !is_all) {
    throw InvalidArgument("data", fmt::format("{} rows, {} words", data.count, words),
                          fmt::format("1 to {} rows, at most {} words", most, most));
  }
  return static_cast<int>(pixels);
}

}  // namespace

ImageShape default_shape(int units) {
  int side = 1;
  while (side * side < units) ++side;
  return side * side == units ? ImageShape{.rows = side, .columns = side}
                              : ImageShape{.rows = 1, .columns = units};
}

World::World(std::string name, ImageShape shape, const std::vector<WeightedPattern>& patterns)
    : name_(std::move(name)), shape_(shape) {
  const auto units = patterns.empty() ? 0 : patterns.front().bits.size();
  const auto pixels = std::int64_t{shape.rows} * shape.columns;
  if (units == 0 || shape.rows < 1 || static_cast<std::int64_t>(units) != pixels) {
    throw InvalidArgument(
        "world", fmt::format("{} patterns of {} bits", patterns.size(), units),
        fmt::format("one or more patterns of {} x {} bits", shape.rows, shape.columns));
  }
  visible_units_ = static_cast<int>(pixels);
  words_per_pattern_ = packed_words(visible_units_);
  const double total = total_weight(patterns, units);
  const auto tables = std::make_shared<Tables>();
  std::map<std::vector<std::uint32_t>, std::size_t> index_of;
  for (const auto& pattern : patterns) {
    if (pattern.weight / total < std::numeric_limits<double>::min()) continue;
    const auto words = packed(pattern.bits);
    const auto [known, is_new] = index_of.try_emplace(words, tables->probabilities.size());
    if (is_new) {
      tables->own_words.insert(tables->own_words.end(), words.begin(), words.end());
      tables->probabilities.push_back(0);
    }
    tables->probabilities[known->second] += pattern.weight;
  }
  tables->size = tables->probabilities.size();
  tables->words = tables->own_words;
  normalise(*tables);
  tables_ = tables;
  tables->marginals = weighted_marginals(*this);
}

World::World(std::string name, ImageShape shape, DataRows data)
    : name_(std::move(name)),
      shape_(shape),
      visible_units_(checked_units(data, shape)),
      words_per_pattern_(packed_words(visible_units_)) {
  const auto tables = std::make_shared<Tables>();
  tables->size = data.count;
  tables->entropy = std::numeric_limits<double>::quiet_NaN();
  if (data.rows) {
    tables->words = data.rows->words();
    tables->thresholds = uniform_thresholds(data.count);
    tables->marginals = data.rows->marginals();
  }
  tables->data = std::move(data);
  tables_ = tables;
}

/// Divides the merged weights by their total and derives the rest from them.
void World::normalise(Tables& tables) {
  auto& probabilities = tables.probabilities;
  auto& cumulative = tables.cumulative;
  double total = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  // What already adds up to 1 within rounding stays: a world made of another world's probabilities,
  // as a machine file does, is that world to the bit.
  const double rounding = static_cast<double>(tables.size) * std::numeric_limits<double>::epsilon();
  if (std::abs(total - 1) <= rounding) total = 1;
  double sum = 0;
  for (double& p : probabilities) {
    p /= total;
    tables.entropy -= p * portable::log(p);
    cumulative.push_back(sum += p);
  }
  for (auto& c : cumulative) c /= sum;
  for (std::size_t k = 0; k + 1 < cumulative.size(); ++k) {
    const double threshold = std::nearbyint(cumulative[k] * 0x1p32);
    if (threshold < 0x1p32) tables.thresholds.push_back(static_cast<std::uint32_t>(threshold));
  }
}

void require_enumerable(const World& world) {
  if (!world.is_data()) return;
  throw InvalidArgument("world", world.name(), "an enumerable world, no data set");
}

}  // namespace helmholtz
