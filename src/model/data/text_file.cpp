#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "model/data/readers.hpp"
#include "model/lines.hpp"

namespace helmholtz::data {

namespace {

constexpr std::string_view kAllowed =
    "numbers from 0 to 1 with blanks, one comma or, between 0 and 1, nothing between; a line of "
    "names begins with #";

bool is_separator(char c) { return c == ' ' || c == ',' || c == '\t'; }

/// The values of one line.
class LineParser {
 public:
  explicit LineParser(const Request& request) : path_(request.path.string()) {}

  /// Valid until the next call.
  std::span<const double> parse(std::string_view line, std::size_t number) {
    values_.clear();
    bool needs_value = true;  // before the first value, and after a comma
    for (std::size_t at = 0; at < line.size();) {
      auto end = at;
      while (end < line.size() && !is_separator(line[end])) ++end;
      if (end > at) add(line.substr(at, end - at), number);
      if (end > at) needs_value = false;
      if (end < line.size() && line[end] == ',') {
        if (needs_value) fail(number, "\",\"");
        needs_value = true;
      }
      at = end + 1;
    }
    if (needs_value) fail(number, "no value at the end");
    return values_;
  }

 private:
  /// Digits 0 and 1 that stand together are as many units.
  void add(std::string_view word, std::size_t number) {
    if (std::ranges::all_of(word, [](char c) { return c == '0' || c == '1'; })) {
      for (const char digit : word) values_.push_back(digit == '1' ? 1 : 0);
      return;
    }
    const auto value = text::number<double>(word);
    if (!value) fail(number, shown(word));
    values_.push_back(*value);
  }

  [[noreturn]] void fail(std::size_t number, std::string_view got) const {
    refuse_value(path_, {.word = "line", .number = number, .column = values_.size()}, got,
                 kAllowed);
  }

  std::string path_;
  std::vector<double> values_;
};

}  // namespace

Split read_text(ByteStream& file, const Request& request) {
  if (file.is_gzip()) {
    file.fail("is gzip of no IDX or NPY file; allowed: other files as they are");
  }
  Lines lines(file.path());
  LineParser parser(request);
  std::optional<RowBuilder> rows;
  std::size_t units = 0;
  while (const auto line = lines.next()) {
    if (is_skipped(*line)) continue;
    const auto values = parser.parse(*line, lines.number());
    if (!rows) {
      units = values.size();
      rows.emplace(request, "line", units);
      rows->reserve((file.most_bytes_left() + 1) /
                    (units + 1));  // a digit per unit and a line's end
    }
    if (values.size() != units) {
      lines.fail(
          fmt::format("has {} values; allowed: {}, as the first row has", values.size(), units));
    }
    rows->add(values, lines.number());
  }
  if (!rows) file.fail("holds no rows; allowed: one or more");
  return rows->finish();
}

}  // namespace helmholtz::data
