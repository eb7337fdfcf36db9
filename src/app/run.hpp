#pragma once

#include <filesystem>
#include <string>

#include "sweep/run_directory.hpp"

namespace CLI {
class App;
}

namespace helmholtz::app {

/// A run directory, open to be read.
struct Run {
  std::filesystem::path path;
  RunFiles names;
  SweepSpec spec;
  ShardFiles files;
};

/// Reads a run's config.toml, and its world from its own copy of the patterns.
/// @throws NoInput if the directory holds no run; BadData if its files contradict each other
Run open_run(const std::filesystem::path& path);

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

}  // namespace helmholtz::app
