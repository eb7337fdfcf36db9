#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace helmholtz {

/// A byte as one readable word.
std::string shown(char c);

/// The beginning of a text, in quotes.
std::string shown(std::string_view text);

/// Whether a line of units has none: it is blank, or a comment.
bool is_skipped(std::string_view line);

/// A text file of units, a line at a time, and the place that an error names. No line is longer
/// than the widest visible layer takes, with units as "1.000000000000000000e+00, ".
class Lines {
 public:
  /// @throws NoInput, IoError
  explicit Lines(std::string_view path);

  /// The next line without its end, or nothing after the last one.
  /// @throws BadData for a longer line, or UTF-16
  std::optional<std::string_view> next();

  /// Of the last line, from 1.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

  [[noreturn]] void fail(std::string_view problem) const;

  /// @param column  counts bytes from 0; shown from 1
  [[noreturn]] void fail_at(std::size_t column, std::string_view problem) const;

 private:
  /// Without the byte order mark of UTF-8, which editors and spreadsheets write.
  [[nodiscard]] std::string_view without_mark(std::string_view line) const;

  std::string path_;
  std::string buffer_;
  std::ifstream file_;
  std::size_t number_ = 0;
};

}  // namespace helmholtz
