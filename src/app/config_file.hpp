#pragma once

namespace CLI {
class App;
}

namespace helmholtz::app {

/// Adds --config FILE to a command.
void add_config_flag(CLI::App& command);

/// Fills the flags that the command line left out from the --config file, if one was named: TOML
/// (sweep/toml.hpp), `name = value` with the flags' own names, under no section or the command's,
/// `[train]`, which goes before the former. Sections of other commands are passed over.
/// @throws NoInput, BadData; InvalidArgument (field "config") for a key that is no flag, or (the
///         flag) for a list where it takes none
void apply_config(CLI::App& command);

}  // namespace helmholtz::app
