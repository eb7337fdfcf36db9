#pragma once

#include <memory>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"

namespace helmholtz::app {

/// What --help says of a command.
struct CommandText {
  const char* name;
  const char* summary;
  const char* footer;
};

/// Adds a command. @tparam Flags  made from the command's parser: adds its flags there, and holds
/// what they say
template <class Flags>
Command make_command(CLI::App& program, const CommandText& text, ExitCode (*run)(const Flags&)) {
  auto* parser = program.add_subcommand(text.name, text.summary);
  parser->footer(text.footer);
  const auto flags = std::make_shared<const Flags>(*parser);
  return {.parser = parser, .run = [flags, run] { return run(*flags); }};
}

}  // namespace helmholtz::app
