#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "helmholtz/run_directory.hpp"
#include "helmholtz/sweep.hpp"
#include "model/parse.hpp"
#include "report/terminal.hpp"
#include "run/shard_files.hpp"

/// Flags and arguments that several commands have, and their checks.
namespace helmholtz::app {

/// What --help says of a flag beside its name.
struct FlagText {
  const char* help = "";
  const char* type = "";  ///< of its value
  const char* group = "Options";
};

/// Adds a flag with a value, which is read as text; what the text holds is the default that --help
/// shows. `text` must outlive the parser.
CLI::Option* add_text(CLI::App& command, const std::string& flag, std::string& text,
                      const FlagText& shown);
CLI::Option* add_text(CLI::App& command, const std::string& flag, std::optional<std::string>& text,
                      const FlagText& shown);
/// Adds a flag without a value. `value` must outlive the parser.
CLI::Option* add_switch(CLI::App& command, const std::string& flag, bool& value,
                        const FlagText& shown);

/// How results and progress are shown; every command has these flags.
struct OutputOptions : report::ProgressOptions {
  bool json = false;  ///< JSON lines on stdout
};

/// Adds --json, --quiet and --no-color. `options` must outlive the parser.
void add_output_flags(CLI::App& command, OutputOptions& options);

/// The flags of `train` and `sweep`: those of a spec (sweep/fields.hpp), --config and of the
/// output.
class SpecFlags {
 public:
  enum class Arity { one, list };  ///< of a spec's lists; `one` leaves out what sweeps alone have

  /// Adds them; this must outlive the parser.
  SpecFlags(CLI::App& command, Arity arity);
  SpecFlags(const SpecFlags&) = delete;
  SpecFlags& operator=(const SpecFlags&) = delete;

  /// What the command line and the --config file say, every value checked; no data set is loaded.
  /// @throws InvalidArgument naming the flag, its value and what is allowed; what make_world throws
  [[nodiscard]] SweepSpec parse() const;
  /// Whether the command line or the --config file has the flag, e.g. "layers".
  [[nodiscard]] bool given(std::string_view flag) const;
  [[nodiscard]] const OutputOptions& output() const noexcept { return output_; }

 private:
  CLI::App& command_;
  Arity arity_;
  OutputOptions output_;
};

/// Fills the flags that the command line left out from the --config file, if one was named: TOML
/// (sweep/toml.hpp), `name = value` with the flags' own names, under no section or the command's,
/// `[train]`, which goes before the former. Sections of other commands are passed over.
/// @throws NoInput, BadData; InvalidArgument (field "config") for a key that is no flag, or (the
///         flag) for a list where it takes none
void apply_config(CLI::App& command);

/// The argument DIR of the commands that read a run; their flags derive from it.
class RunArgument {
 public:
  /// Adds it; this must outlive the parser.
  explicit RunArgument(CLI::App& command);
  RunArgument(const RunArgument&) = delete;
  RunArgument& operator=(const RunArgument&) = delete;

  /// @throws InvalidArgument (field "DIR") without a name; what open_run() throws
  [[nodiscard]] Run open() const;

 private:
  std::string directory_;
};

/// --data, --train, --valid and --test of the commands that read a run: where the files of its data
/// set are now.
class MovedDataFlags {
 public:
  /// Adds them; this must outlive the parser.
  explicit MovedDataFlags(CLI::App& command);
  MovedDataFlags(const MovedDataFlags&) = delete;
  MovedDataFlags& operator=(const MovedDataFlags&) = delete;

  /// The run's sweep with its rows, if it has a data set.
  /// @throws InvalidArgument for a flag where it has none; what SweepSpec::load_data throws
  [[nodiscard]] SweepSpec load(SweepSpec spec) const;

 private:
  std::array<std::optional<std::string>, kDatasetFiles.size()> paths_;
};

/// --success-below: the KL under which a machine counts as a success.
class SuccessFlag {
 public:
  /// Adds the flag; this must outlive the parser.
  explicit SuccessFlag(CLI::App& command);
  SuccessFlag(const SuccessFlag&) = delete;
  SuccessFlag& operator=(const SuccessFlag&) = delete;

  /// In nats; nothing without the flag.
  /// @throws InvalidArgument (field "success-below") unless it is a finite number above 0
  [[nodiscard]] std::optional<double> parse() const;

 private:
  std::optional<std::string> text_;
};

/// @throws InvalidArgument if a file's name is given and empty
void require_file_name(std::string_view field, const std::optional<std::string>& name);

/// @throws InvalidArgument if an output file is one that is read, whatever its name
void require_no_input(std::string_view field, const std::filesystem::path& output,
                      std::span<const std::filesystem::path> inputs);

/// The files that are named.
std::vector<std::filesystem::path> paths_of(const DatasetFiles& files);

/// The long names of a command's flags, without dashes.
std::vector<std::string> flag_names(const CLI::App& command);

/// The CPU threads that --threads N means.
int threads_of(int wanted);

}  // namespace helmholtz::app
