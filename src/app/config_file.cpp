#include "app/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app/suggest.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "sweep/manifest.hpp"
#include "sweep/run_folder.hpp"
#include "sweep/settings.hpp"

namespace helmholtz::app {

namespace {

/// The whole file; a pipe will do.
std::string contents(const std::string& path) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw NoInput(path, "is a directory");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw NoInput(path, std::strerror(errno));
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) throw IoError(path, "cannot be read");
  if (text.size() > kMaxBytes) throw BadData(path, "longer than 1 MiB; is it a --config file?");
  const auto is_control = [](unsigned char c) {
    return c < 0x20 && c != '\n' && c != '\r' && c != '\t';
  };
  if (std::any_of(text.begin(), text.end(), is_control)) throw BadData(path, "is no text");
  return text;
}

/// The text without comments. CLI11 2.1 takes a # within quotes for one too, so it is given text
/// without any, and a comment character that contents() refuses.
std::string without_comments(const std::string& text) {
  std::string kept;
  char quote = '\0';
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') {
      quote = '\0';
      comment = false;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      comment = true;
    }
    if (!comment) kept += c;
  }
  return kept;
}

/// Whether the key belongs to another command's section.
bool is_elsewhere(const CLI::App& command, const CLI::ConfigItem& item) {
  const auto section = fmt::format("{}", fmt::join(item.parents, "."));
  if (section.empty() || section == command.get_name()) return false;
  for (const auto* other : command.get_parent()->get_subcommands(nullptr)) {
    if (section == other->get_name()) return true;
  }
  throw InvalidArgument("config", fmt::format("[{}]", section),
                        fmt::format("the command's section, [{}]", command.get_name()));
}

/// The flag that a key names.
CLI::Option& option_of(CLI::App& command, const CLI::ConfigItem& item) {
  auto* option = command.get_option_no_throw("--" + item.name);
  if (option != nullptr && option->get_configurable()) return *option;
  const auto allowed = option != nullptr ? fmt::format("--{} on the command line alone", item.name)
                                         : with_suggestion("the long names of the command's flags",
                                                           item.name, flag_names(command));
  throw InvalidArgument("config", item.name, allowed);
}

void set_flag(CLI::Option& option, const CLI::ConfigItem& item) {
  const auto value = item.inputs.empty() ? std::string() : item.inputs.front();
  if (item.inputs.size() != 1 || (value != "true" && value != "false")) {
    throw InvalidArgument(item.name, fmt::format("{}", fmt::join(item.inputs, ",")),
                          "true or false");
  }
  option.add_result(value);
}

/// Whether the value is one topology, `layers = [1, 6, 9]`; no topology has one layer.
bool is_one_topology(const CLI::ConfigItem& item) {
  const auto is_one_size = [](const std::string& text) {
    return text.find(',') == std::string::npos;
  };
  return item.name == "layers" && std::all_of(item.inputs.begin(), item.inputs.end(), is_one_size);
}

void set(CLI::Option& option, const CLI::ConfigItem& item) {
  if (option.count() > 0) return;  // the command line wins
  if (option.get_expected_max() == 0) {
    set_flag(option, item);
  } else if (option.get_expected_max() == 1 || is_one_topology(item)) {
    option.add_result(fmt::format("{}", fmt::join(item.inputs, ",")));
  } else {
    option.add_result(item.inputs);
  }
  try {
    option.run_callback();
  } catch (const CLI::ParseError&) {
    throw InvalidArgument(item.name, "an empty list", "at least one value");
  }
}

/// A run's config.toml may name a pattern file that has moved: then the run's own copy will do.
/// Anything that is wrong with the copy is left to be said of the file that was named.
void find_world(CLI::ConfigItem& item, const std::string& config) {
  constexpr std::string_view kFile = "file:";
  if (item.name != "world" || item.inputs.size() != 1) return;
  auto& name = item.inputs.front();
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
  std::istringstream text(without_comments(contents(path)));
  CLI::ConfigTOML toml;
  toml.comment('\x01');
  auto items = toml.from_config(text);
  for (auto& item : items) find_world(item, path);
  for (const bool in_section : {true, false}) {
    for (const auto& item : items) {
      const bool is_mark = item.name == "++" || item.name == "--";  // of a section's begin or end
      if (is_mark || item.parents.empty() == in_section || is_elsewhere(command, item)) continue;
      set(option_of(command, item), item);
    }
  }
}

}  // namespace helmholtz::app
