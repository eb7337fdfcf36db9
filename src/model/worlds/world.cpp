#include "helmholtz/world.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
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

}  // namespace

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
  std::map<std::vector<std::uint32_t>, std::size_t> index_of;
  for (const auto& pattern : patterns) {
    if (pattern.weight / total < std::numeric_limits<double>::min()) continue;
    const auto words = packed(pattern.bits);
    const auto [known, is_new] = index_of.try_emplace(words, probabilities_.size());
    if (is_new) {
      words_.insert(words_.end(), words.begin(), words.end());
      probabilities_.push_back(0);
    }
    probabilities_[known->second] += pattern.weight;
  }
  normalise();
}

void World::normalise() {
  double total = std::accumulate(probabilities_.begin(), probabilities_.end(), 0.0);
  // What already adds up to 1 within rounding stays: a world made of another world's probabilities,
  // as a machine file does, is that world to the bit.
  const double rounding = static_cast<double>(size()) * std::numeric_limits<double>::epsilon();
  if (std::abs(total - 1) <= rounding) total = 1;
  double sum = 0;
  for (double& p : probabilities_) {
    p /= total;
    entropy_ -= p * portable::log(p);
    cumulative_.push_back(sum += p);
  }
  for (auto& c : cumulative_) c /= sum;
  for (std::size_t k = 0; k + 1 < cumulative_.size(); ++k) {
    const double threshold = std::nearbyint(cumulative_[k] * 0x1p32);
    if (threshold < 0x1p32) thresholds_.push_back(static_cast<std::uint32_t>(threshold));
  }
}

std::vector<double> World::marginals() const {
  std::vector<double> marginals(static_cast<std::size_t>(visible_units_));
  for (std::size_t k = 0; k < size(); ++k) {
    for (std::size_t i = 0; i < marginals.size(); ++i) {
      if (bit(k, static_cast<int>(i))) marginals[i] += probabilities_[k];
    }
  }
  return marginals;
}

}  // namespace helmholtz
