#pragma once

#include <string>

#include "helmholtz/run_directory.hpp"
#include "run/shard_files.hpp"

namespace CLI {
class App;
}

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

}  // namespace helmholtz::app
