#include "app/suggest.hpp"

#include <CLI/CLI.hpp>

namespace helmholtz::app {

std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

}  // namespace helmholtz::app
