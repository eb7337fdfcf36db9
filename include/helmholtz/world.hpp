#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
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

/// A square of that many units where there is one, else one row.
ImageShape default_shape(int units);

/// One distinct pattern and its weight, before normalisation.
struct WeightedPattern {
  std::vector<std::uint8_t> bits;  ///< 0 or 1, one per visible unit
  double weight = 1;
};

/// Words that a pattern's bits take, 32 to a word.
constexpr std::size_t packed_words(int units) {
  return (static_cast<std::size_t>(units) + 31) / 32;
}

class Rows;

/// The rows of a data set that machines train on.
struct DataRows {
  std::uint64_t digest = 0;  ///< of the data set
  std::size_t count = 0;
  std::shared_ptr<const Rows> rows = {};  ///< [count]; null: not in memory, as of a saved machine
  /// Rows::digest() of each split; empty where only that of the data set is known.
  std::map<std::string, std::uint64_t> split_digests = {};
};

/// A distribution over binary patterns: what a machine models. Either enumerable, a table of
/// distinct weighted patterns, or the rows of a data set, each as likely as any other.
///
/// Patterns of an enumerable world are distinct, P > 0, and keep the order of their first
/// appearance; the probabilities sum to 1. Rows stay rows, equal ones too. Bits are packed 32 to a
/// word, visible unit i in bit i % 32 of word i / 32. Copies share their tables.
class World {
 public:
  /// Merges equal patterns, drops weight 0 (and shares that a double cannot hold), normalises.
  /// @param shape  rows x columns must equal the visible units
  /// @throws InvalidArgument (field "world") if no pattern has weight, lengths differ, a bit is not
  ///         0/1, or a weight is negative or not finite
  World(std::string name, ImageShape shape, const std::vector<WeightedPattern>& patterns);

  /// Rows of a data set, and words of its bits, at most: backends number both with 31 bits.
  static constexpr std::size_t kMaxDataWords = 0x7FFF'FFFF;

  /// The rows of a data set, P = 1/N each. Takes 4 bytes per row beside the rows themselves.
  /// @param shape  rows x columns must equal the units of a row
  /// @throws InvalidArgument (field "data") otherwise, and unless there are 1 to kMaxDataWords rows
  ///         and at most kMaxDataWords words
  World(std::string name, ImageShape shape, DataRows data);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] ImageShape shape() const noexcept { return shape_; }
  [[nodiscard]] int visible_units() const noexcept { return visible_units_; }
  /// What to call it: "world" or "data set".
  [[nodiscard]] std::string_view noun() const noexcept { return is_data() ? "data set" : "world"; }
  /// Whether it is the rows of a data set, which no evaluation enumerates.
  [[nodiscard]] bool is_data() const noexcept { return tables_->data.count != 0; }
  /// Of a data set; undefined unless is_data().
  [[nodiscard]] const DataRows& data() const noexcept { return tables_->data; }
  /// Whether there is something to draw: false for data whose rows are not in memory.
  [[nodiscard]] bool is_loaded() const noexcept { return !is_data() || data().rows != nullptr; }
  /// Whether the rows are probabilities, of which each visit draws bits (draw_row).
  [[nodiscard]] bool is_grey() const noexcept { return is_loaded() && words().empty(); }
  /// K, the number of distinct patterns; of data N, the number of rows.
  [[nodiscard]] std::size_t size() const noexcept { return tables_->size; }
  /// Undefined where words() are empty.
  [[nodiscard]] bool bit(std::size_t k, int unit) const {
    const auto u = static_cast<std::size_t>(unit);
    return ((words()[k * words_per_pattern_ + u / 32] >> (u % 32)) & 1U) != 0;
  }
  /// [K x words_per_pattern]; empty for data that are grey or not loaded.
  [[nodiscard]] std::span<const std::uint32_t> words() const noexcept { return tables_->words; }
  [[nodiscard]] std::size_t words_per_pattern() const noexcept { return words_per_pattern_; }
  /// [K]; empty for data, where each is 1/N.
  [[nodiscard]] std::span<const double> probabilities() const noexcept {
    return tables_->probabilities;
  }
  /// Running sums of the probabilities, the last one exactly 1; empty for data.
  [[nodiscard]] std::span<const double> cumulative() const noexcept { return tables_->cumulative; }
  /// round(cdf_k * 2^32) for k < K-1, ascending, without those that equal 2^32; cdf_k = (k+1)/N of
  /// data, and none of data that are not loaded. A draw's pattern is the number of thresholds <=
  /// the 32-bit word.
  [[nodiscard]] std::span<const std::uint32_t> thresholds() const noexcept {
    return tables_->thresholds;
  }
  /// -sum P ln P, in nats; NaN for data, whose equal rows nobody counts.
  [[nodiscard]] double entropy() const noexcept { return tables_->entropy; }
  /// P(visible unit = 1), [visible_units]; empty for data that are not loaded.
  [[nodiscard]] std::span<const double> marginals() const noexcept { return tables_->marginals; }

 private:
  /// What is large, or takes long to compute.
  struct Tables {
    std::size_t size = 0;
    DataRows data;  ///< count 0: an enumerable world
    std::vector<std::uint32_t> own_words;
    std::span<const std::uint32_t> words;  ///< own_words, or the data's
    std::vector<double> probabilities;
    std::vector<double> cumulative;
    std::vector<std::uint32_t> thresholds;
    std::vector<double> marginals;
    double entropy = 0;
  };

  static void normalise(Tables& tables);

  std::string name_;
  ImageShape shape_;
  int visible_units_ = 0;
  std::size_t words_per_pattern_ = 0;
  std::shared_ptr<const Tables> tables_;
};

/// @throws InvalidArgument (field "world") if the world is the rows of a data set
void require_enumerable(const World& world);

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
