#include "sweep/toml.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <nlohmann/json.hpp>

#include "base/input_file.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"

namespace helmholtz {

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

/// The parser calls itself for every dot of a name.
void require_shallow_names(std::string_view text, const std::string& path) {
  constexpr std::ptrdiff_t kMostDots = 100;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    const auto name = line.substr(0, std::min(line.find('='), line.find(']')));
    const bool is_name = name.size() < line.size() && name.find(',') == std::string::npos;
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

namespace {

std::string contents(const std::string& path) {
  constexpr std::size_t kMaxBytes = std::size_t{32} << 20;  // a run's file with most rates
  auto file = io::open_stream(path, "is a directory");
  std::string text;
  std::vector<char> piece(std::size_t{1} << 16);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kMaxBytes) throw BadData(path, "longer than 32 MiB; is it a --config file?");
  }
  if (file.bad()) throw IoError(path, "cannot be read");
  const auto is_control = [](unsigned char c) {
    return c < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  if (std::any_of(text.begin(), text.end(), is_control)) throw BadData(path, "is no text");
  return text;
}

[[noreturn]] void refuse(const TomlItem& item, std::string_view allowed) {
  throw InvalidArgument(item.name, fmt::format("[{}]", fmt::join(item.values, "; ")), allowed);
}

bool has_commas(const TomlItem& item) {
  return std::ranges::any_of(item.values,
                             [](const auto& text) { return text.find(',') != std::string::npos; });
}

}  // namespace

std::vector<TomlItem> read_toml_file(const std::string& path) {
  return read_toml(contents(path), path);
}

std::vector<TomlItem> items_of(const std::vector<TomlItem>& items, std::string_view section,
                               const std::vector<std::string>& others) {
  std::vector<TomlItem> own;
  std::vector<TomlItem> common;
  for (const auto& item : items) {
    if (item.section.empty()) {
      common.push_back(item);
    } else if (item.section == section) {
      own.push_back(item);
    } else if (std::ranges::find(others, item.section) == others.end()) {
      throw InvalidArgument("config", fmt::format("[{}]", item.section),
                            fmt::format("the command's section, [{}]", section));
    }
  }
  own.insert(own.end(), common.begin(), common.end());
  return own;
}

std::vector<std::string> values_of(const TomlItem& item, TomlShape shape) {
  const auto& values = item.values;
  if (values.empty()) throw InvalidArgument(item.name, "an empty list", "at least one value");
  const bool is_layers = item.name == "layers";
  if (item.has_lists && !is_layers) refuse(item, "no list in a list");
  if (shape == TomlShape::flag) {
    if (values.size() > 1) refuse(item, "true or false");
    if (values[0] != "true" && values[0] != "false") {
      throw InvalidArgument(item.name, values[0], "true or false");
    }
    return values;
  }
  // No topology has one layer: [1, 6, 9] is one topology.
  const bool is_one = is_layers && !item.has_lists && !has_commas(item);
  if (shape == TomlShape::list && !is_one) return values;
  if (values.size() > 1 && has_commas(item)) refuse(item, "one value");
  return {fmt::format("{}", fmt::join(values, ","))};
}

void refuse_unknown_name(const TomlItem& item, const std::vector<std::string>& candidates) {
  throw InvalidArgument(
      "config", item.name,
      text::with_suggestion("the long names of the command's flags", item.name, candidates));
}

namespace {

/// As a basic string of TOML: one of JSON, but for DEL.
std::string quoted(std::string_view field, const std::string& value) {
  std::string text;
  try {
    text = nlohmann::json(value).dump();
  } catch (const nlohmann::json::type_error&) {
    throw InvalidArgument(field, value, "a path in UTF-8");
  }
  for (auto at = text.find('\x7F'); at != std::string::npos; at = text.find('\x7F', at)) {
    text.replace(at, 1, "\\u007F");
  }
  return text;
}

std::string value_text(const Field& field, Texts texts) {
  if (field.access.kind == FieldAccess::Kind::flag ||
      field.access.kind == FieldAccess::Kind::number)
    return texts.front();
  for (auto& text : texts) text = quoted(field.name, text);
  return field.is_list() ? fmt::format("[{}]", fmt::join(texts, ", ")) : texts.front();
}

TomlShape shape_of(const Field& field) {
  if (field.access.kind == FieldAccess::Kind::flag) return TomlShape::flag;
  return field.is_list() ? TomlShape::list : TomlShape::one;
}

}  // namespace

SweepSpec spec_of(const std::vector<TomlItem>& items) {
  GivenTexts given;
  std::vector<std::string> names;
  for (const auto& field : fields()) names.emplace_back(field.name);
  for (const auto& item : items_of(items, "sweep", {"train"})) {
    const auto field = std::ranges::find(fields(), item.name, &Field::name);
    if (field == fields().end()) refuse_unknown_name(item, names);
    if (!given.contains(item.name)) given[item.name] = values_of(item, shape_of(*field));
  }
  return parse_spec(given);
}

std::string SweepSpec::to_toml() const {
  std::string text;
  for (const auto& field : fields()) {
    const auto texts = field.texts(*this);
    if (!texts.empty() && !field.is_omitted(*this))
      text += fmt::format("{} = {}\n", field.name, value_text(field, texts));
  }
  return text;
}

SweepSpec SweepSpec::from_toml(std::string_view text) {
  auto spec = spec_of(read_toml(text, "TOML"));
  spec.load_data();
  return spec;
}

SweepSpec SweepSpec::from_toml(std::string_view text,
                               std::shared_ptr<const Dataset> rows_in_memory) {
  auto spec = spec_of(read_toml(text, "TOML"));
  spec.train_on(std::move(rows_in_memory));
  return spec;
}

}  // namespace helmholtz
