#include "app/config_file.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/arguments.hpp"
#include "helmholtz/error.hpp"
#include "run/config.hpp"

namespace helmholtz::app {

namespace {

std::vector<std::string> other_commands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* other : command.get_parent()->get_subcommands(nullptr)) {
    if (other != &command) names.push_back(other->get_name());
  }
  return names;
}

/// The flag that an item names.
CLI::Option& option_of(CLI::App& command, const TomlItem& item) {
  auto* option = command.get_option_no_throw("--" + item.name);
  if (option == nullptr) refuse_unknown_name(item, flag_names(command));
  if (option->get_configurable()) return *option;
  throw InvalidArgument("config", item.name,
                        fmt::format("--{} on the command line alone", item.name));
}

TomlShape shape_of(const CLI::Option& option) {
  const auto most = option.get_expected_max();
  return most == 0 ? TomlShape::flag : most == 1 ? TomlShape::one : TomlShape::list;
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
  for (auto& item : items_of(read_toml_file(path), command.get_name(), other_commands(command))) {
    auto& option = option_of(command, item);
    if (option.count() > 0) continue;  // the command line wins, then the command's section
    find_world(item, path);
    option.add_result(values_of(item, shape_of(option)));
    option.run_callback();
  }
}

}  // namespace helmholtz::app
