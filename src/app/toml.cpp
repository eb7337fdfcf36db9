#include "app/toml.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz::app {

namespace {

/// Collects the items of a document.
class TomlItems {
 public:
  explicit TomlItems(const std::string& path) : path_(path) {}

  void add(const toml::table& table, const std::string& section) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      if (const auto* const inner = node.as_table()) {
        add(*inner, section.empty() ? name : section + '.' + name);
      } else {
        all_.push_back(item(section, name, node));
      }
    }
  }

  [[nodiscard]] std::vector<TomlItem> take() { return std::move(all_); }

 private:
  [[nodiscard]] TomlItem item(const std::string& section, const std::string& name,
                              const toml::node& node) const {
    TomlItem item{.section = section, .name = name, .values = {}};
    const auto* const list = node.as_array();
    if (list == nullptr) {
      item.values.push_back(scalar(node));
      return item;
    }
    for (const auto& value : *list) {
      const auto* const inner = value.as_array();
      item.has_lists = item.has_lists || inner != nullptr;
      item.values.push_back(inner != nullptr ? joined(*inner) : scalar(value));
    }
    return item;
  }

  [[nodiscard]] std::string joined(const toml::array& list) const {
    std::vector<std::string> values;
    for (const auto& value : list) values.push_back(scalar(value));
    return fmt::format("{}", fmt::join(values, ","));
  }

  [[nodiscard]] std::string scalar(const toml::node& node) const {
    if (const auto* const string = node.as_string()) return string->get();
    if (const auto* const integer = node.as_integer()) return std::to_string(integer->get());
    if (const auto* const real = node.as_floating_point()) return text::shortest(real->get());
    if (const auto* const flag = node.as_boolean()) return flag->get() ? "true" : "false";
    throw BadData(path_, fmt::format("line {}: needed a string, a number, true or false, or a list "
                                     "of them",
                                     node.source().begin.line));
  }

  const std::string& path_;
  std::vector<TomlItem> all_;
};

}  // namespace

namespace {

/// The parser calls itself for every dot of a name.
void require_shallow_names(std::string_view text, const std::string& path) {
  constexpr std::ptrdiff_t kMostDots = 100;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    const auto name = line.substr(0, std::min(line.find('='), line.find(']')));
    const bool is_name = name.size() < line.size() && name.find(',') == name.npos;
    if (is_name && std::ranges::count(name, '.') > kMostDots) {
      throw BadData(path, fmt::format("line {}: a name of too many parts", number));
    }
    begin = end + 1;
  }
}

}  // namespace

std::vector<TomlItem> read_toml(std::string_view text, const std::string& path) {
  require_shallow_names(text, path);
  TomlItems items(path);
  try {
    items.add(toml::parse(text), "");
  } catch (const toml::parse_error& error) {
    const bool is_large = error.description().find("64 bits") != std::string_view::npos;
    throw BadData(path, fmt::format("line {}: {}{}", error.source().begin.line, error.description(),
                                    is_large ? "; larger numbers go in quotes" : ""));
  }
  return items.take();
}

}  // namespace helmholtz::app
