#include "sweep/spec_toml.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"

namespace helmholtz {

namespace {

using Kind = FieldAccess::Kind;

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
  if (field.access.kind == Kind::flag || field.access.kind == Kind::number) return texts.front();
  for (auto& text : texts) text = quoted(field.name, text);
  return field.is_list() ? fmt::format("[{}]", fmt::join(texts, ", ")) : texts.front();
}

TomlShape shape_of(const Field& field) {
  if (field.access.kind == Kind::flag) return TomlShape::flag;
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
    if (!texts.empty()) text += fmt::format("{} = {}\n", field.name, value_text(field, texts));
  }
  return text;
}

SweepSpec SweepSpec::from_toml(std::string_view text) { return spec_of(read_toml(text, "TOML")); }

}  // namespace helmholtz
