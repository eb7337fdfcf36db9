#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Small text helpers for parsing what users write.
namespace helmholtz::text {

/// The whole of `text` as a number, or nothing (locale-independent; no spaces, no leftovers).
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

/// The parts between separators; "a,,b" has an empty one.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate with the fewest edits from `word`, or nothing if none is near (about a third of
/// it at most).
std::optional<std::string_view> closest(std::string_view word,
                                        const std::vector<std::string_view>& candidates);

/// The text, or if it is longer than `most` bytes, as much of it as fits and is whole in UTF-8, and
/// then `more`.
std::string beginning(std::string_view text, std::size_t most, std::string_view more = "…");

/// The text without control characters (of ASCII and U+0080 to U+009F, which move a terminal's
/// cursor) and without bytes that are no UTF-8: '?' stands for each. `kept` stays.
std::string printable(std::string_view text, char kept = '\0');

/// `text`, and "; did you mean X?" if a candidate is near what was written.
std::string with_suggestion(std::string text, std::string_view written,
                            const std::vector<std::string>& candidates);

/// The shortest decimal that reads back as the same double.
std::string shortest(double value);

}  // namespace helmholtz::text
