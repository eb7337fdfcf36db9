#include "sweep/config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "helmholtz/error.hpp"
#include "io/input_file.hpp"
#include "model/text.hpp"
#include "sweep/fields.hpp"
#include "sweep/manifest.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;
using Kind = FieldAccess::Kind;

constexpr std::string_view kFile = "file:";

/// As a basic string of TOML: one of JSON, but for DEL.
std::string quoted(std::string_view field, const std::string& value) {
  std::string text;
  try {
    text = nlohmann::json(value).dump();
  } catch (const nlohmann::json::type_error&) {
    throw InvalidArgument(field, value, "a path in UTF-8");
  }
  for (auto at = text.find('\x7F'); at != text.npos; at = text.find('\x7F', at)) {
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

/// Those of a sweep; the first of a name counts.
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

/// Of a run's own config.toml: what cannot be read now is IoError.
std::vector<TomlItem> run_items(const fs::path& config) {
  return read_toml(io::read_file(config), config.string());
}

}  // namespace

std::string SweepSpec::to_toml() const {
  std::string text;
  for (const auto& field : fields()) {
    const auto texts = field.texts(*this);
    if (!texts.empty()) text += fmt::format("{} = {}\n", field.name, value_text(field, texts));
  }
  return text;
}

SweepSpec SweepSpec::from_toml(std::string_view text) { return spec_of(read_toml(text, "TOML")); }

SweepSpec SweepSpec::from_toml_file(const fs::path& path) {
  auto items = read_toml_file(path.string());
  for (auto& item : items) find_world(item, path);
  return spec_of(items);
}

std::string config_text(const SweepSpec& spec) {
  auto resolved = spec;
  resolved.backend = spec.common_backend();
  return resolved.to_toml();
}

SweepSpec read_config(const RunFiles& names) {
  auto items = run_items(names.config);
  for (auto& [section, name, values, has_lists] : items) {
    const bool is_file = name == "world" && values.size() == 1 && values[0].starts_with(kFile);
    if (is_file && io::is_there(names.world)) values[0] = std::string(kFile) + names.world.string();
  }
  return spec_of(items);
}

SeedSet seeds_of_config(const fs::path& config) {
  try {
    for (const auto& item : run_items(config)) {
      if (item.name == "seeds") return SeedSet::parse(values_of(item, TomlShape::one).front());
    }
  } catch (const InvalidArgument& error) {
    throw BadData(config.string(), error.what());
  }
  throw BadData(config.string(), "names no seeds");
}

void find_world(TomlItem& item, const fs::path& config) {
  if (item.name != "world" || item.values.size() != 1) return;
  auto& name = item.values.front();
  const RunFiles run(config.parent_path());
  if (!name.starts_with(kFile) || io::is_there(name.substr(kFile.size())) ||
      !io::is_there(run.manifest)) {
    return;
  }
  // What is wrong with the copy is left to be said of the file that was named.
  try {
    const auto copy = std::string(kFile) + run.world.string();
    const auto digest = world_digest(make_world(copy));
    for (const auto& [setting, value] : read_manifest(run.manifest).settings) {
      if (setting == "world" && value == digest) name = copy;
    }
  } catch (const Error&) {
    return;
  }
}

std::string pattern_text(const World& world) {
  std::string text;
  for (std::size_t k = 0; k < world.size(); ++k) {
    for (int i = 0; i < world.visible_units(); ++i) text += world.bit(k, i) ? '1' : '0';
    text += fmt::format(" | {}\n", text::shortest(world.probabilities()[k]));
  }
  return text;
}

}  // namespace helmholtz
