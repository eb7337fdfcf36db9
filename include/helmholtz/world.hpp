#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace helmholtz {

/// How a pattern is drawn as text or image: rows x columns = visible units.
struct ImageShape {
  int rows = 1;
  int columns = 0;
};

/// One distinct pattern and its weight, before normalisation.
struct WeightedPattern {
  std::vector<std::uint8_t> bits;  ///< 0 or 1, one per visible unit
  double weight = 1;
};

/// Words that a pattern's bits take, 32 to a word.
constexpr std::size_t packed_words(int units) {
  return (static_cast<std::size_t>(units) + 31) / 32;
}

/// A distribution over binary patterns: what a machine models.
///
/// Patterns are distinct, P > 0, and keep the order of their first appearance; the probabilities
/// sum to 1. Bits are packed 32 to a word, visible unit i in bit i % 32 of word i / 32.
class World {
 public:
  /// Merges equal patterns, drops weight 0 (and shares that a double cannot hold), normalises.
  /// @param shape  rows x columns must equal the visible units
  /// @throws InvalidArgument (field "world") if no pattern has weight, lengths differ, a bit is not
  ///         0/1, or a weight is negative or not finite
  World(std::string name, ImageShape shape, const std::vector<WeightedPattern>& patterns);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] ImageShape shape() const noexcept { return shape_; }
  [[nodiscard]] int visible_units() const noexcept { return visible_units_; }
  /// K, the number of distinct patterns.
  [[nodiscard]] std::size_t size() const noexcept { return probabilities_.size(); }
  [[nodiscard]] bool bit(std::size_t k, int unit) const {
    const auto u = static_cast<std::size_t>(unit);
    return ((words_[k * words_per_pattern_ + u / 32] >> (u % 32)) & 1U) != 0;
  }
  /// [K x words_per_pattern]
  [[nodiscard]] std::span<const std::uint32_t> words() const noexcept { return words_; }
  [[nodiscard]] std::size_t words_per_pattern() const noexcept { return words_per_pattern_; }
  [[nodiscard]] std::span<const double> probabilities() const noexcept { return probabilities_; }
  /// Running sums of the probabilities, the last one exactly 1.
  [[nodiscard]] std::span<const double> cumulative() const noexcept { return cumulative_; }
  /// round(cdf_k * 2^32) for k < K-1, ascending, without those that equal 2^32.
  /// A draw's pattern is the number of thresholds <= the 32-bit word.
  [[nodiscard]] std::span<const std::uint32_t> thresholds() const noexcept { return thresholds_; }
  /// -sum P ln P, in nats.
  [[nodiscard]] double entropy() const noexcept { return entropy_; }
  /// P(visible unit = 1), one per unit.
  [[nodiscard]] std::vector<double> marginals() const;

 private:
  /// Divides the merged weights by their total and derives the rest from them.
  void normalise();

  std::string name_;
  ImageShape shape_;
  int visible_units_ = 0;
  std::size_t words_per_pattern_ = 0;
  std::vector<std::uint32_t> words_;
  std::vector<double> probabilities_;
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> thresholds_;
  double entropy_ = 0;
};

/// One line of `helmholtz worlds`.
struct WorldInfo {
  std::string name;     ///< as given to make_world, e.g. "kirby3x3" or "file:PATH"
  std::string summary;  ///< one sentence with its source
};

/// The worlds there are, in the order of the registry.
std::vector<WorldInfo> list_worlds();

/// @param spec  a name from list_worlds(), or "file:PATH"
/// @throws InvalidArgument (field "world") for an unknown name; NoInput if there is no such file,
///         IoError if it cannot be read, BadData if it is no list of patterns
World make_world(std::string_view spec);

}  // namespace helmholtz
