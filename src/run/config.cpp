#include "run/config.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "backends/registry.hpp"
#include "base/input_file.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/run_directory.hpp"
#include "model/worlds/pattern_file.hpp"
#include "run/manifest.hpp"
#include "run/run_folder.hpp"
#include "run/shard_files.hpp"
#include "sweep/settings.hpp"
#include "sweep/toml.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

/// Of a run's own config.toml: what cannot be read now is IoError.
std::vector<TomlItem> run_items(const fs::path& config) {
  return read_toml(io::read_file(config), config.string());
}

/// The data set that a run was trained on, without its rows.
World data_of(const DatasetFiles& files, const Settings& settings) {
  const auto named = std::ranges::find(settings, "world", &Settings::value_type::first);
  return described_data(files.file_of("train").filename().string(),
                        named == settings.end() ? "" : named->second);
}

/// The sweep of a run's config.toml, with the world from the run's own copy of the patterns; data
/// are not loaded.
SweepSpec read_config(const RunFiles& names, const Manifest& manifest) {
  auto items = run_items(names.config);
  for (auto& [section, name, values, has_lists] : items) {
    const bool is_file =
        name == "world" && values.size() == 1 && values[0].starts_with(kFilePrefix);
    if (is_file && io::is_there(names.world))
      values[0] = std::string(kFilePrefix) + names.world.string();
  }
  auto spec = spec_of(items);
  if (spec.data.files.any()) spec.world = data_of(spec.data.files, manifest.settings);
  return spec;
}

}  // namespace

SweepSpec SweepSpec::from_toml_file(const fs::path& path) {
  auto items = read_toml_file(path.string());
  for (auto& item : items) find_world(item, path);
  auto spec = spec_of(items);
  spec.load_data();
  return spec;
}

std::string config_text(const SweepSpec& spec) {
  auto resolved = spec;
  const auto common = spec.common_backend();
  // `auto` may have found a GPU here: whoever resumes the sweep may lack one.
  if (common != "auto" && !find_backend(common).on_gpu) resolved.backend = common;
  return resolved.to_toml();
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
  if (!name.starts_with(kFilePrefix) || io::is_there(name.substr(kFilePrefix.size())) ||
      !io::is_there(run.manifest)) {
    return;
  }
  // What is wrong with the copy is left to be said of the file that was named.
  try {
    const auto copy = std::string(kFilePrefix) + run.world.string();
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

Run::Run(std::filesystem::path path, ShardFiles files)
    : path_(std::move(path)), files_(std::make_shared<const ShardFiles>(std::move(files))) {}

const SweepSpec& Run::spec() const noexcept { return files_->spec(); }
std::uint64_t Run::shards() const noexcept { return files_->shards(); }
bool Run::is_done(std::uint64_t i) const { return files_->state(i) == ShardFiles::State::done; }
Shard Run::read(std::uint64_t i) const { return files_->read(i); }

Shard Run::results() const {
  Shard all(0, 0, spec().evaluations(), spec().evaluation_options());
  for (std::uint64_t i = 0; i < shards(); ++i) {
    if (files_->is_to_be_read(i)) all.append(read(i));
  }
  return all;
}

Run open_run(const std::filesystem::path& path) {
  const RunFiles names(path);
  if (!io::is_there(names.manifest)) throw NoInput(path.string(), "holds no sweep");
  const auto manifest = read_manifest(names.manifest);
  try {
    ShardFiles files(path, read_config(names, manifest), manifest.shard_machines);
    if (files.configuration_hash() == manifest.configuration_hash) return {path, std::move(files)};
  } catch (const InvalidArgument& error) {
    throw BadData(names.config.string(), error.what());
  }
  throw BadData(names.config.string(), "is not what manifest.json says");
}

}  // namespace helmholtz
