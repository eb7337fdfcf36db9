#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/dataset.hpp"

namespace helmholtz::data {

/// One split to be read from a file.
struct Request {
  std::filesystem::path path;
  const char* split = "train";
  Binarize binarize = {};
  std::optional<int> units = {};  ///< that `train` has
};

/// What a file holds of one split.
struct Split {
  Rows rows;
  std::optional<ImageShape> shape = {};
  int largest_byte = 0;  ///< 0, 1, or 255 for any above 1; 0 if the values are no unsigned bytes
};

/// A value's place: `word`, e.g. "row", and `number`, from 1, say in which row; `column`, from 0.
struct ValuePlace {
  std::string_view word;
  std::uint64_t number = 0;
  std::size_t column = 0;
};

/// @throws BadData
[[noreturn]] void refuse_value(const std::string& path, const ValuePlace& place,
                               std::string_view got, std::string_view allowed);

/// Turns the values of one split into rows, one row at a time.
class RowBuilder {
 public:
  /// @param row_word  before a row's number in messages, e.g. "row"
  /// @throws BadData if the request or Topology does not allow rows of so many units
  RowBuilder(const Request& request, std::string row_word, std::uint64_t units);

  /// Keeps memory for so many rows, none of which is touched before it is written.
  void reserve(std::uint64_t rows);

  /// @param values  [units]: std::uint8_t (0 to 1, or k/255), std::int8_t, float, double
  /// @param number  of the row in its file, from 1, for messages
  /// @throws BadData for a value that `binarize` does not allow
  template <class Number>
  void add(std::span<const Number> values, std::uint64_t number);

  /// The rows, of which there is one or more.
  Split finish(std::optional<ImageShape> shape = {});

 private:
  template <class Number>
  void convert(std::span<const Number> values, std::uint64_t number);
  [[nodiscard]] std::optional<std::uint8_t> unit_of(double value) const;
  void fill_table();
  void append();
  void rescale_bytes();

  std::string path_;
  std::string row_word_;
  Binarize binarize_;
  std::vector<std::uint8_t> row_;  ///< units, or k of k/255
  std::vector<std::uint32_t> words_;
  std::vector<std::uint8_t> grey_;
  int largest_byte_ = 0;
  std::array<std::uint8_t, 256> table_{};  ///< what a byte becomes
};

}  // namespace helmholtz::data
