#include "app/toml.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"

namespace helmholtz::app {

namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view trimmed(std::string_view text) {
  const auto begin = std::min(text.find_first_not_of(kSpace), text.size());
  const auto end = text.find_last_not_of(kSpace);
  return end == text.npos ? "" : text.substr(begin, end + 1 - begin);
}

class TomlReader {
 public:
  TomlReader(std::string_view text, std::string_view path) : text_(text), path_(path) {}

  std::vector<TomlItem> items() {
    std::vector<TomlItem> all;
    for (skip_lines(); !at_end(); skip_lines()) {
      if (skip('[')) {
        section_ = trimmed(until("]\n"));
        if (section_.empty() || section_.front() == '[' || !skip(']')) fail("is no [section]");
      } else {
        all.push_back(item());
      }
      end_of_line();
    }
    return all;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\n' : text_[at_]; }

  bool skip(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// What comes before one of the characters, or all.
  std::string_view until(std::string_view ends) {
    const auto begin = at_;
    at_ = std::min(text_.find_first_of(ends, at_), text_.size());
    return text_.substr(begin, at_ - begin);
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

  void skip_comment() {
    skip_space();
    if (peek() == '#') until("\n");
  }

  /// To the next thing, perhaps lines below.
  void skip_lines() {
    for (skip_comment(); skip('\n'); skip_comment()) {
    }
  }

  void end_of_line() {
    skip_comment();
    if (!at_end() && peek() != '\n') fail("goes on behind its end");
  }

  [[noreturn]] void fail(std::string_view problem) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw BadData(path_, fmt::format("line {} {}", line, problem));
  }

  TomlItem item() {
    TomlItem item{.section = section_, .name = key(), .values = {}};
    if (item.name.empty() || !skip('=')) fail("is no \"name = value\"");
    if (const auto dot = item.name.rfind('.'); dot != item.name.npos) {
      if (!item.section.empty()) item.section += '.';
      item.section += item.name.substr(0, dot);
      item.name.erase(0, dot + 1);
    }
    skip_space();
    if (!names_.emplace(item.section, item.name).second) {
      fail(fmt::format("has {} a second time", item.name));
    }
    if (peek() == '[') {
      item.values = list(item.has_lists);
    } else {
      do {
        skip_space();
        item.values.push_back(scalar("#,\n"));
        skip_space();
      } while (skip(','));
    }
    return item;
  }

  std::string key() {
    const bool is_quoted = peek() == '"' || peek() == '\'';
    std::string name = is_quoted ? string() : std::string(trimmed(until("=#\n")));
    skip_space();
    return name;
  }

  /// From its bracket to the other. @param has_lists  set if a value is a list
  std::vector<std::string> list(bool& has_lists) {
    std::vector<std::string> values;
    skip('[');
    while (!ends_list()) {
      if (peek() == '[') {
        has_lists = true;
        values.push_back(inner_list());
      } else {
        values.push_back(scalar("#,]\n"));
      }
      if (ends_list()) break;
      if (!skip(',')) fail("has a list without a comma between its values");
    }
    return values;
  }

  bool ends_list() {
    skip_lines();
    if (at_end()) fail("ends within a list");
    return skip(']');
  }

  std::string inner_list() {
    bool is_deeper = false;
    const auto values = list(is_deeper);
    if (is_deeper) fail("has lists in lists in a list");
    return fmt::format("{}", fmt::join(values, ","));
  }

  /// In quotes, or up to one of the characters.
  std::string scalar(std::string_view ends) {
    if (peek() == '"' || peek() == '\'') return string();
    const auto text = trimmed(until(ends));
    if (text.empty()) fail("lacks a value");
    return std::string(text);
  }

  /// On one line. In double quotes a backslash stands before a quote or a backslash.
  std::string string() {
    const char quote = text_[at_++];
    std::string value;
    while (!skip(quote)) {
      if (at_end() || peek() == '\n') fail("has no end of its quotes");
      if (quote == '"' && skip('\\') && peek() != '"' && peek() != '\\') {
        fail("has a backslash in double quotes; single ones take it as it is");
      }
      value += text_[at_++];
    }
    return value;
  }

  std::string_view text_;
  std::string_view path_;
  std::size_t at_ = 0;
  std::string section_;
  std::set<std::pair<std::string, std::string>> names_;
};

}  // namespace

std::vector<TomlItem> read_toml(std::string_view text, std::string_view path) {
  return TomlReader(text, path).items();
}

}  // namespace helmholtz::app
