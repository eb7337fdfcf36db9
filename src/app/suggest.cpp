#include "app/suggest.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "model/text.hpp"

namespace helmholtz::app {

std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

std::string with_suggestion(std::string text, std::string_view written,
                            const std::vector<std::string>& candidates) {
  const auto near = text::closest(written, {candidates.begin(), candidates.end()});
  return near ? fmt::format("{}; did you mean {}?", text, *near) : text;
}

}  // namespace helmholtz::app
