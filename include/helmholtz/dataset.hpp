#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/world.hpp"

namespace helmholtz {

/// How values from 0 to 1 become visible units.
struct Binarize {
  enum class Kind {
    none,       ///< every value is 0 or 1; any other is an error
    threshold,  ///< a unit is 1 iff its value >= threshold
    sample      ///< rows keep P(unit = 1), rounded to k/255; draw_row draws them at each visit
  };
  Kind kind = Kind::none;
  double threshold = 0;

  /// Reads "none", "sample" or a threshold, 0 < T <= 1.
  /// @throws InvalidArgument (field "binarize")
  static Binarize parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  bool operator==(const Binarize&) const = default;
};

/// Rows of visible units: bits, or probabilities where the data set is binarised by sampling.
///
/// Bits are packed as in World, 32 to a word, unit i of a row in bit i % 32 of word i / 32. Each
/// row begins a word; bits behind its last unit are 0.
class Rows {
 public:
  /// @param words  [rows x ceil(units / 32)]
  /// @throws InvalidArgument (field "rows") unless there are 1 to Topology::kMaxUnits units, one
  ///         row or more, whole rows, and no bit behind the last unit
  Rows(int units, std::vector<std::uint32_t> words);
  /// @param grey  [rows x units], k for P(unit = 1) = k/255
  /// @throws InvalidArgument likewise
  Rows(int units, std::vector<std::uint8_t> grey);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] int units() const noexcept { return units_; }
  [[nodiscard]] bool is_grey() const noexcept { return !grey_.empty(); }

  /// ceil(units / 32)
  [[nodiscard]] std::size_t words_per_row() const noexcept;
  /// [size x words_per_row]; empty if grey.
  [[nodiscard]] std::span<const std::uint32_t> words() const noexcept { return words_; }
  /// Row n of bits, [words_per_row].
  [[nodiscard]] std::span<const std::uint32_t> words(std::size_t n) const;
  /// [size x units]; empty if bits.
  [[nodiscard]] std::span<const std::uint8_t> grey() const noexcept { return grey_; }
  /// Row n of probabilities, [units].
  [[nodiscard]] std::span<const std::uint8_t> grey(std::size_t n) const;

  /// Mean over the rows of P(unit = 1), [units].
  [[nodiscard]] std::vector<double> marginals() const;
  /// XXH3-64 of the units, the number of rows, and words() or grey().
  [[nodiscard]] std::uint64_t digest() const;

 private:
  int units_;
  std::size_t size_ = 0;
  std::vector<std::uint32_t> words_;
  std::vector<std::uint8_t> grey_;
};

/// Memory that rows take, in bytes: 4 * ceil(units / 32) per row of bits, `units` per row to
/// be sampled.
std::uint64_t bytes_of(std::uint64_t rows, int units, const Binarize& binarize = {});

/// The units of row n at one visit, packed as Rows packs them: the row itself, or
/// x_i ~ Bernoulli(k_i/255), drawn at stream {seed, purpose binarisation, row 0},
/// block = visit * ceil(units / 4) + i/4, word = i % 4: x_i = 1 iff word < floor(2^32 * k_i / 255).
/// @param visit  step * batch + batch row: a pure function of (row, seed, visit)
/// @param out    [words_per_row]
void draw_row(const Rows& rows, std::size_t n, std::uint64_t seed, std::uint64_t visit,
              std::span<std::uint32_t> out);

/// Rows as bits: the same for bits; grey ones drawn once, row n as at its visit n with seed 0.
Rows binarised(Rows rows);

/// Rows to train on, to choose by and to judge by. Every split has the units of `train`.
struct Dataset {
  std::string name;  ///< of the file of `train`, without its folder
  Rows train;
  std::optional<Rows> valid = {};
  std::optional<Rows> test = {};
  std::optional<ImageShape> shape = {};  ///< of a row of `train`, where its file says so

  /// "train", "valid" or "test"; null where there is no such split.
  [[nodiscard]] const Rows* split(std::string_view split_name) const;
  /// The names of those that there are, in this order.
  [[nodiscard]] std::vector<std::string> splits() const;

  /// XXH3-64 of which splits there are and of their digests: the same for the same rows whatever
  /// the files, their formats and their names.
  [[nodiscard]] std::uint64_t digest() const;
};

/// The rows of `train` as a world, which shares them.
/// @throws InvalidArgument (field "data") for more rows than World::kMaxDataWords allows
World data_world(const std::shared_ptr<const Dataset>& dataset);

/// Where a data set is: either `data`, or `train` with or without the others.
struct DatasetFiles {
  std::filesystem::path data = {};  ///< HDF5: all its splits; another format: `train` alone
  std::filesystem::path train = {};
  std::filesystem::path valid = {};
  std::filesystem::path test = {};

  /// Whether any is named.
  [[nodiscard]] bool any() const;
  /// The file that has a split: "train", "valid" or "test".
  [[nodiscard]] const std::filesystem::path& file_of(std::string_view split) const;
};

/// A name and its file, in the order of use: the names of the program's flags.
struct NamedDatasetFile {
  std::string_view name;
  std::filesystem::path DatasetFiles::*path;
};
inline constexpr std::array kDatasetFiles = {
    NamedDatasetFile{"data", &DatasetFiles::data}, NamedDatasetFile{"train", &DatasetFiles::train},
    NamedDatasetFile{"valid", &DatasetFiles::valid}, NamedDatasetFile{"test", &DatasetFiles::test}};

/// Where a data set comes from, and how its values become units.
struct DataSource {
  DatasetFiles files = {};
  Binarize binarize = {};
};

/// Reads a data set. Formats are told apart by content, never by name:
/// - text (.amat, CSV): one row per line, 0 and 1 with blanks, one comma or nothing between, or
///   decimals from 0 to 1; empty lines and lines that begin with # are skipped
/// - IDX of unsigned bytes (http://yann.lecun.com/exdb/mnist), 2 or 3 dimensions, gzip or not
/// - NPY 1.0 to 3.0 (numpy.lib.format), 2 or 3 dimensions, C order, gzip or not: bool, int8, uint8,
///   little-endian float32 and float64
/// - HDF5 with datasets `train` and perhaps `valid` and `test` of the same types, 2 or 3
///   dimensions, of which each split's own is read where the file is given for one split
///
/// Three dimensions are rows of images. Values are from 0 to 1. Only unsigned bytes may go further,
/// and mean k/255 in a split where any is above 1; values of two splits of which one goes to 1 and
/// the other above are refused.
///
/// A file is read once, from front to back, into memory for bytes_of(rows, units), beside a few MB
/// of buffers; HDF5 also keeps a row of its chunks.
/// @throws InvalidArgument (fields "data", "train", "binarize"); NoInput if there is no such file,
///         or no regular one, IoError if it cannot be read; BadData, which names the file and, for
///         a value, its row or line and its column, both counted from 1
Dataset load_dataset(const DatasetFiles& files, const Binarize& binarize = {});

/// The splits that there are, of train, valid and test, in this order. @throws as load_dataset
std::vector<std::string> splits_of(const DatasetFiles& files);

/// One of splits_of(), without reading the others: bytes mean k/255 if any of its own is above 1.
/// @throws as load_dataset
Rows load_split(const DatasetFiles& files, std::string_view split, const Binarize& binarize = {});

}  // namespace helmholtz
