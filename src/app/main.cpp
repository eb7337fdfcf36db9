#include <csignal>
#include <new>

#include <hdf5.h>

#include "app/commands.hpp"
#include "base/text.hpp"

namespace helmholtz::app {

namespace {

constexpr const char* kDescription =
    "Trains Helmholtz machines by wake-sleep, and measures how well each models its world.";
constexpr const char* kExitCodes =
    "Exit codes: 0 done; 2 usage; 65 bad data; 66 no such input; 69 no such device; "
    "73 cannot create, or locked; 74 input or output failed; 75 stopped early.";

/// --help in 80 columns: descriptions and footers are given without line breaks of their own.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    column_width(28);  // where descriptions begin
    label("SUBCOMMAND", "COMMAND");
  }
  std::string make_option_desc(const CLI::Option* option) const override {
    return wrapped(option->get_description(), 0, kHelpWidth - get_column_width());
  }
  std::string make_footer(const CLI::App* command) const override {
    return wrapped(command->get_footer());
  }
};

/// The last words of a command that failed, on one line. A field that is a flag of the command is
/// named as one.
ExitCode report_failure(const Error& error, const CLI::App* command) {
  const auto* argument = dynamic_cast<const InvalidArgument*>(&error);
  const bool is_flag = argument != nullptr && command != nullptr &&
                       command->get_option_no_throw("--" + argument->field()) != nullptr;
  const auto help = command == nullptr ? "" : fmt::format(" {}", command->get_name());
  const auto code = exit_code_of(error);
  note("helmholtz: {}{}{}", is_flag ? "--" : "", error.what(),
       code == ExitCode::usage ? fmt::format(" (see helmholtz{} --help)", help) : "");
  return code;
}

[[noreturn]] void refuse_unknown_flag(const CLI::App& command, const std::string& argument) {
  const auto name = argument.substr(0, argument.find('='));
  auto names = flag_names(command);
  for (auto& flag : names) flag.insert(0, "--");
  throw UsageError(text::with_suggestion(fmt::format("unknown flag {}", name), name, names));
}

/// Throws for the first argument that nothing has taken.
void refuse_leftovers(const CLI::App& command) {
  const auto leftovers = command.remaining();
  if (leftovers.empty()) return;
  const auto& argument = leftovers.front();
  if (argument.starts_with("-")) refuse_unknown_flag(command, argument);
  throw UsageError(fmt::format("unexpected argument \"{}\"", argument));
}

/// A flag whose value was forgotten would take the next flag for it.
void refuse_flags_as_values(const CLI::App& command) {
  for (const auto* option : command.get_options()) {
    for (const auto& value : option->results()) {
      const auto name = value.substr(0, value.find('='));
      if (value.starts_with("--") && command.get_option_no_throw(name) != nullptr) {
        throw UsageError(fmt::format("{}: needs a value; {} is a flag", option->get_name(), name));
      }
    }
  }
}

const Command& chosen(const CLI::App& program, const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.parser->parsed()) return command;
    names.push_back(command.parser->get_name());
  }
  const auto leftovers = program.remaining();
  const auto allowed = fmt::format("allowed: {}", fmt::join(names, ", "));
  if (leftovers.empty()) throw UsageError("no command; " + allowed);
  if (leftovers.front().starts_with("-")) refuse_unknown_flag(program, leftovers.front());
  throw UsageError(
      text::with_suggestion(fmt::format("unknown command \"{}\"; {}", leftovers.front(), allowed),
                            leftovers.front(), names));
}

std::vector<Command> add_commands(CLI::App& program) {
  std::vector<Command> commands;
  for (const auto add : kCommands) {
    commands.push_back(add(program));
    commands.back().parser->allow_extras();
    commands.back().parser->group("Commands");
    const auto examples = commands.back().parser->get_footer();
    commands.back().parser->footer(fmt::format("{}\n{}", examples, kExitCodes));
  }
  return commands;
}

/// CLI11 counts; users want to know what to do.
std::string usage_message(const CLI::ArgumentMismatch& error) {
  const std::string text = error.what();
  const auto name = text.substr(0, text.find_first_of(": "));
  if (text.find("missing") != std::string::npos) return fmt::format("{}: needs a value", name);
  if (text.find("received") != std::string::npos)
    return fmt::format("{}: given more than once", name);
  return fmt::format("--{}: takes no value", name);
}

void parse(CLI::App& program, int argc, char** argv) {
  try {
    program.parse(argc, argv);
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(usage_message(error));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) throw;  // --help and --version
    throw UsageError(error.what());
  }
}

/// The command that the arguments named, if any.
const CLI::App* selected_command(const CLI::App& program) {
  const auto parsed = program.get_subcommands();
  return parsed.empty() ? nullptr : parsed.front();
}

ExitCode run(CLI::App& program, int argc, char** argv) {
  const auto commands = add_commands(program);
  try {
    parse(program, argc, argv);
    const auto& command = chosen(program, commands);
    refuse_flags_as_values(*command.parser);
    refuse_leftovers(program);
    refuse_leftovers(*command.parser);
    apply_config(*command.parser);
    return command.run();
  } catch (const CLI::CallForVersion& version) {
    print_line(version.what());
  } catch (const CLI::Success&) {
    print_line(program.help());  // a footer has no newline of its own
  } catch (const Error& error) {
    return report_failure(error, selected_command(program));
  }
  return ExitCode::ok;
}

}  // namespace

/// The program, with an exit code for everything that may go wrong.
ExitCode run_program(int argc, char** argv) {
  try {
    CLI::App program(kDescription, "helmholtz");
    program.set_version_flag("--version", "helmholtz " HELMHOLTZ_VERSION, "print the version");
    program.allow_extras();
    program.require_subcommand(0, 1);
    program.formatter(std::make_shared<HelpFormatter>());
    program.set_help_flag("-h,--help", "describe the command, with examples");
    program.footer(
        fmt::format("helmholtz COMMAND --help describes its flags.\n\n"
                    "Examples:\n"
                    "  helmholtz train --seed 7 --samples 10000\n"
                    "  helmholtz sweep --seeds 0:4096 --lr 0.02,0.05 --out runs/a\n\n{}",
                    kExitCodes));
    return run(program, argc, argv);
  } catch (const Error& error) {
    return report_failure(error, nullptr);
  } catch (const std::bad_alloc&) {
    note("helmholtz: not enough memory");
  } catch (const std::exception& error) {
    note("helmholtz: {}", error.what());
  }
  return ExitCode::io;
}

}  // namespace helmholtz::app

int main(int argc, char** argv) {
  // A closed pipe and a file that may not grow are failed writes, reported like any other.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  H5dont_atexit();  // after a forged file, HDF5's own clean-up at exit complains
  return static_cast<int>(helmholtz::app::run_program(argc, argv));
}
