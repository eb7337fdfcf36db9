#include "model/worlds/pattern_file.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/input_file.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "model/lines.hpp"

namespace helmholtz {

namespace {

/// Bits of all patterns together.
constexpr std::size_t kMaxBits = std::size_t{1} << 28;

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kAllowed =
    "0 and 1, with nothing, spaces or one comma between, then a weight after | or a tab";

/// Units that stand together: digits 0 and 1, or one number of that value with a point or an
/// exponent, as numpy.savetxt writes it.
void append_units(const Lines& lines, std::string_view word, std::size_t column,
                  std::vector<std::uint8_t>& bits) {
  const auto other = word.find_first_not_of("01");
  if (other == std::string::npos) {
    for (const char c : word) bits.push_back(c == '1' ? 1 : 0);
    return;
  }
  if (word.find_first_not_of("0123456789") == std::string::npos) {
    lines.fail_at(column + other, fmt::format("got {}; allowed: {}", shown(word[other]), kAllowed));
  }
  const auto value = text::number<double>(word);
  const auto digits = word.find_first_of(".eE") - (word.starts_with('-') ? 1 : 0);
  if (digits != 1 || (value != 0.0 && value != 1.0)) {
    lines.fail_at(column, fmt::format("got {}; allowed: {}", shown(word), kAllowed));
  }
  bits.push_back(value == 1.0 ? 1 : 0);
}

std::vector<std::uint8_t> parse_bits(const Lines& lines, std::string_view text) {
  constexpr std::string_view kNumber = "0123456789.eE+-";
  constexpr auto kNone = std::string_view::npos;
  std::vector<std::uint8_t> bits;
  auto comma = kNone;  // the column of a comma that waits for its unit
  for (std::size_t column = 0; column < text.size(); ++column) {
    const char c = text[column];
    if (kNumber.find(c) != std::string::npos) {
      const auto end = std::min(text.find_first_not_of(kNumber, column), text.size());
      append_units(lines, text.substr(column, end - column), column, bits);
      column = end - 1;
      comma = kNone;
    } else if (c == ',' && comma == kNone && !bits.empty()) {
      comma = column;
    } else if (c != ' ') {
      lines.fail_at(column, fmt::format("got {}; allowed: {}", shown(c), kAllowed));
    }
  }
  if (comma != kNone) lines.fail_at(comma, "got a last \",\"; allowed: 0 or 1 after a comma");
  return bits;
}

double parse_weight(const Lines& lines, std::string_view text, std::size_t column) {
  const auto first = std::min(text.find_first_not_of(kBlanks), text.size());
  const auto number = text.substr(first);
  const auto weight = text::number<double>(number);
  if (!weight || !(*weight >= 0) || !std::isfinite(*weight)) {
    lines.fail_at(column + first,
                  fmt::format("got weight {}; allowed: a finite number, 0 or more", shown(number)));
  }
  return *weight;
}

/// One unit, a tab and 0 or 1 may be two units.
void require_clear_tab(const Lines& lines, std::size_t tab, const WeightedPattern& pattern) {
  if (pattern.bits.size() > 1 || (pattern.weight != 0 && pattern.weight != 1)) return;
  const int unit = pattern.bits[0];
  const int other = pattern.weight == 1 ? 1 : 0;
  lines.fail_at(tab,
                fmt::format("got {0} and {1} with a tab between, which may be two units, or one "
                            "and its weight; allowed: \"{0} {1}\" for two units, \"{0} | {1}\" "
                            "for a unit and its weight",
                            unit, other));
}

/// @param line  without blanks at its end
WeightedPattern parse_pattern(const Lines& lines, std::string_view line) {
  const auto separator = line.find_first_of("|\t");
  WeightedPattern pattern{.bits = parse_bits(lines, line.substr(0, separator))};
  if (pattern.bits.empty()) lines.fail_at(0, "got no units; allowed: 0 and 1");
  if (pattern.bits.size() > std::size_t{Topology::kMaxUnits}) {
    lines.fail(
        fmt::format("has {} units; allowed: at most {}", pattern.bits.size(), Topology::kMaxUnits));
  }
  if (separator == std::string::npos) return pattern;
  const bool is_tab = line[separator] == '\t';
  const auto second = is_tab ? line.find('\t', separator + 1) : std::string::npos;
  if (second != std::string::npos) {
    lines.fail_at(second, fmt::format("got a second tab; allowed: {}", kAllowed));
  }
  pattern.weight = parse_weight(lines, line.substr(separator + 1), separator + 1);
  if (is_tab) require_clear_tab(lines, separator, pattern);
  return pattern;
}

/// The first pattern's line holds no names.
void require_no_header(const Lines& lines, std::string_view line) {
  const auto first = line.find_first_not_of(" \t\"'");
  const auto c = first == std::string::npos ? '\0' : line[first];
  if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_') return;
  lines.fail_at(line.find_first_not_of(kBlanks),
                fmt::format("got {}; allowed: {}; a header begins with #", shown(line), kAllowed));
}

std::vector<WeightedPattern> parse_patterns(Lines& lines) {
  std::vector<WeightedPattern> patterns;
  while (const auto line = lines.next()) {
    if (is_skipped(*line)) continue;
    if (patterns.empty()) require_no_header(lines, *line);
    patterns.push_back(parse_pattern(lines, line->substr(0, line->find_last_not_of(kBlanks) + 1)));
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

}  // namespace

std::optional<std::filesystem::path> pattern_path(const World& world) {
  if (world.is_data() || !world.name().starts_with(kFilePrefix)) return std::nullopt;
  return world.name().substr(kFilePrefix.size());
}

World pattern_file(std::string_view path) {
  Lines lines(path);
  const auto patterns = parse_patterns(lines);
  require_weight(path, patterns);
  return {fmt::format("{}{}", kFilePrefix, path),
          default_shape(static_cast<int>(patterns.front().bits.size())), patterns};
}

}  // namespace helmholtz
