#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/run_directory.hpp"
#include "model/parse.hpp"
#include "run/shard_files.hpp"

namespace CLI {
class App;
}

/// Arguments that several commands have, and their checks.
namespace helmholtz::app {

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

/// The long names of a command's flags, without dashes.
std::vector<std::string> flag_names(const CLI::App& command);

/// The CPU threads that --threads N means.
int threads_of(int wanted);

}  // namespace helmholtz::app
