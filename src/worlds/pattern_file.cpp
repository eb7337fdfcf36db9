#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "model/text.hpp"
#include "worlds/worlds.hpp"

namespace helmholtz::worlds {

namespace {

/// Room for the widest visible layer with ", " between the units; longer lines are not read.
constexpr std::size_t kMaxLineBytes = std::size_t{Topology::kMaxUnits} * 3;
/// Bits of all patterns together.
constexpr std::size_t kMaxBits = std::size_t{1} << 28;

/// A byte as one readable word.
std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F ? fmt::format("\"{}\"", c) : fmt::format("byte 0x{:02x}", byte);
}

/// The file, a line at a time, and the place that an error names.
class Lines {
 public:
  explicit Lines(std::string_view path) : path_(path), buffer_(kMaxLineBytes + 2, '\0') {
    std::error_code error;
    if (std::filesystem::is_directory(path_, error)) {
      throw NoInput(path, "is a directory; allowed: a file of patterns");
    }
    errno = 0;
    file_.open(path_, std::ios::binary);
    if (!file_) throw NoInput(path, std::generic_category().message(errno));
  }

  /// The next line without its end, or nothing after the last one.
  std::optional<std::string_view> next() {
    file_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    auto length = static_cast<std::size_t>(file_.gcount());
    if (file_.bad()) throw IoError(path_, fmt::format("cannot be read after line {}", number_));
    if (file_.eof() && length == 0) return std::nullopt;
    ++number_;
    if (file_.fail()) {
      fail(fmt::format("is longer than {} bytes; allowed: at most {} units", kMaxLineBytes,
                       Topology::kMaxUnits));
    }
    if (!file_.eof()) --length;  // getline counts the newline
    const std::string_view line(buffer_.data(), length);
    return line.ends_with('\r') ? line.substr(0, length - 1) : line;
  }

  [[noreturn]] void fail(std::string_view problem) const {
    throw BadData(path_, fmt::format("line {} {}", number_, problem));
  }

  /// @param column  counts bytes from 0; shown from 1
  [[noreturn]] void fail_at(std::size_t column, std::string_view problem) const {
    throw BadData(path_, fmt::format("line {}, column {}: {}", number_, column + 1, problem));
  }

 private:
  std::string path_;
  std::string buffer_;
  std::ifstream file_;
  std::size_t number_ = 0;
};

std::vector<std::uint8_t> parse_bits(const Lines& lines, std::string_view text) {
  constexpr auto kNone = std::string_view::npos;
  std::vector<std::uint8_t> bits;
  auto comma = kNone;  // the column of a comma that waits for its digit
  for (std::size_t column = 0; column < text.size(); ++column) {
    const char c = text[column];
    if (c == '0' || c == '1') {
      bits.push_back(c == '1' ? 1 : 0);
      comma = kNone;
    } else if (c == ',' && comma == kNone && !bits.empty()) {
      comma = column;
    } else if (c != ' ') {
      lines.fail_at(column, fmt::format("got {}; allowed: 0 and 1, with nothing, spaces or one "
                                        "comma between, then a weight after | or a tab",
                                        shown(c)));
    }
  }
  if (comma != kNone) lines.fail_at(comma, "got a last \",\"; allowed: 0 or 1 after a comma");
  return bits;
}

double parse_weight(const Lines& lines, std::string_view text, std::size_t column) {
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  const auto number = text.substr(first, text.find_last_not_of(' ') + 1 - first);
  const auto weight = text::number<double>(number);
  if (!weight || !(*weight >= 0) || !std::isfinite(*weight)) {
    std::string got;
    for (const char c : number.substr(0, 40)) got += c >= 0x20 && c < 0x7F ? c : '?';
    lines.fail_at(column + first,
                  fmt::format("got weight \"{}\"; allowed: a finite number, 0 or more", got));
  }
  return *weight;
}

WeightedPattern parse_pattern(const Lines& lines, std::string_view line) {
  const auto separator = line.find_first_of("|\t");
  WeightedPattern pattern{.bits = parse_bits(lines, line.substr(0, separator))};
  if (pattern.bits.empty()) lines.fail_at(0, "got no units; allowed: 0 and 1");
  if (pattern.bits.size() > std::size_t{Topology::kMaxUnits}) {
    lines.fail(
        fmt::format("has {} units; allowed: at most {}", pattern.bits.size(), Topology::kMaxUnits));
  }
  if (separator != std::string_view::npos) {
    pattern.weight = parse_weight(lines, line.substr(separator + 1), separator + 1);
  }
  return pattern;
}

bool is_skipped(std::string_view line) {
  return line.starts_with('#') || line.find_first_not_of(' ') == std::string_view::npos;
}

std::vector<WeightedPattern> parse_patterns(Lines& lines) {
  std::vector<WeightedPattern> patterns;
  while (const auto line = lines.next()) {
    if (is_skipped(*line)) continue;
    patterns.push_back(parse_pattern(lines, *line));
    const auto units = patterns.front().bits.size();
    if (patterns.back().bits.size() != units) {
      lines.fail(fmt::format("has {} units; allowed: {}, as the first pattern has",
                             patterns.back().bits.size(), units));
    }
    if (patterns.size() > kMaxBits / units) {
      lines.fail(fmt::format("is too much; allowed: at most {} patterns of {} units",
                             kMaxBits / units, units));
    }
  }
  return patterns;
}

void require_weight(std::string_view path, const std::vector<WeightedPattern>& patterns) {
  if (patterns.empty()) throw BadData(path, "holds no pattern; allowed: one or more lines of 0/1");
  double total = 0;
  for (const auto& pattern : patterns) total += pattern.weight;
  if (!(total > 0) || !std::isfinite(total)) {
    throw BadData(path, fmt::format("the weights add up to {}; allowed: a finite total above 0",
                                    text::shortest(total)));
  }
}

ImageShape image_shape(int units) {
  int side = 1;
  while (side * side < units) ++side;
  return side * side == units ? ImageShape{.rows = side, .columns = side}
                              : ImageShape{.rows = 1, .columns = units};
}

}  // namespace

World pattern_file(std::string_view path) {
  Lines lines(path);
  const auto patterns = parse_patterns(lines);
  require_weight(path, patterns);
  return {fmt::format("file:{}", path), image_shape(static_cast<int>(patterns.front().bits.size())),
          patterns};
}

}  // namespace helmholtz::worlds
