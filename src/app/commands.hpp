#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "app/exit_code.hpp"
#include "app/flags.hpp"
#include "app/output.hpp"

namespace helmholtz::app {

/// A subcommand of the program: its parser, and what runs once every flag has been read.
struct Command {
  CLI::App* parser = nullptr;
  std::function<ExitCode()> run;
};

/// What --help says of a command.
struct CommandText {
  const char* name;
  const char* summary;
  std::string footer;
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

Command add_train(CLI::App& program);
Command add_sweep(CLI::App& program);
Command add_status(CLI::App& program);
Command add_verify(CLI::App& program);
Command add_evaluate(CLI::App& program);
Command add_export(CLI::App& program);
Command add_replay(CLI::App& program);
Command add_reproduce(CLI::App& program);
Command add_report(CLI::App& program);
Command add_sample(CLI::App& program);
Command add_worlds(CLI::App& program);
Command add_backends(CLI::App& program);

/// The registry, in the order of --help. Another command is a file, a declaration and a line here.
inline constexpr std::array kCommands = {
    add_train,  add_sweep,     add_status,   add_verify, add_export, add_replay,
    add_report, add_reproduce, add_evaluate, add_sample, add_worlds, add_backends,
};

}  // namespace helmholtz::app
