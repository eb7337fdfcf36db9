#include "app/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app/parse.hpp"
#include "app/suggest.hpp"
#include "app/toml.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "sweep/manifest.hpp"
#include "sweep/run_folder.hpp"
#include "sweep/settings.hpp"

namespace helmholtz::app {

namespace {

/// The whole file; a pipe will do.
std::string contents(const std::string& path) {
  constexpr std::size_t kMaxBytes = std::size_t{32} << 20;  // a run's file with most rates
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw NoInput(path, "is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw NoInput(path, std::strerror(errno));
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

/// Whether the item belongs to another command's section.
bool is_elsewhere(const CLI::App& command, const TomlItem& item) {
  if (item.section.empty() || item.section == command.get_name()) return false;
  for (const auto* other : command.get_parent()->get_subcommands(nullptr)) {
    if (item.section == other->get_name()) return true;
  }
  throw InvalidArgument("config", fmt::format("[{}]", item.section),
                        fmt::format("the command's section, [{}]", command.get_name()));
}

/// The flag that an item names.
CLI::Option& option_of(CLI::App& command, const TomlItem& item) {
  auto* option = command.get_option_no_throw("--" + item.name);
  if (option != nullptr && option->get_configurable()) return *option;
  const auto allowed = option != nullptr ? fmt::format("--{} on the command line alone", item.name)
                                         : with_suggestion("the long names of the command's flags",
                                                           item.name, flag_names(command));
  throw InvalidArgument("config", item.name, allowed);
}

[[noreturn]] void refuse(const TomlItem& item, std::string_view allowed) {
  throw InvalidArgument(item.name, fmt::format("[{}]", fmt::join(item.values, "; ")), allowed);
}

bool has_commas(const TomlItem& item) {
  return std::any_of(item.values.begin(), item.values.end(),
                     [](const std::string& text) { return text.find(',') != text.npos; });
}

void set_flag(CLI::Option& option, const TomlItem& item) {
  const auto& value = item.values.front();
  if (item.values.size() > 1) refuse(item, "true or false");
  if (value != "true" && value != "false") throw InvalidArgument(item.name, value, "true or false");
  option.add_result(value);
}

/// Whether the value is one topology, `layers = [1, 6, 9]`; no topology has one layer.
bool is_one_topology(const TomlItem& item) {
  return item.name == "layers" && !item.has_lists && !has_commas(item);
}

void set(CLI::Option& option, const TomlItem& item) {
  if (item.values.empty()) throw InvalidArgument(item.name, "an empty list", "at least one value");
  if (item.has_lists && item.name != "layers") refuse(item, "no list in a list");
  if (option.get_expected_max() == 0) {
    set_flag(option, item);
  } else if (option.get_expected_max() > 1 && !is_one_topology(item)) {
    option.add_result(item.values);
  } else if (item.values.size() > 1 && has_commas(item)) {
    refuse(item, "one value");
  } else {
    option.add_result(fmt::format("{}", fmt::join(item.values, ",")));
  }
  option.run_callback();
}

/// A run's config.toml may name a pattern file that has moved: then the run's own copy will do.
/// Anything that is wrong with the copy is left to be said of the file that was named.
void find_world(TomlItem& item, const std::string& config) {
  constexpr std::string_view kFile = "file:";
  if (item.name != "world" || item.values.size() != 1) return;
  auto& name = item.values.front();
  const RunFiles run(std::filesystem::path(config).parent_path());
  std::error_code ignored;
  if (!name.starts_with(kFile) || std::filesystem::exists(name.substr(kFile.size()), ignored) ||
      !std::filesystem::exists(run.manifest, ignored)) {
    return;
  }
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

}  // namespace

void add_config_flag(CLI::App& command) {
  command.add_option("--config", "flags from a TOML file, e.g. lr = 0.01")
      ->type_name("FILE")
      ->group("Run")
      ->configurable(false);
}

void apply_config(CLI::App& command) {
  const auto* config = command.get_option_no_throw("--config");
  if (config == nullptr || config->count() == 0) return;
  const auto path = config->results().front();
  require_file_name("config", path);
  auto items = read_toml(contents(path), path);
  for (const bool in_section : {true, false}) {
    for (auto& item : items) {
      if (item.section.empty() == in_section || is_elsewhere(command, item)) continue;
      auto& option = option_of(command, item);
      if (option.count() > 0) continue;  // the command line wins, then the command's section
      find_world(item, path);
      set(option, item);
    }
  }
}

}  // namespace helmholtz::app
