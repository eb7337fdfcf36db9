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

/// Adds the argument DIR. `path` must outlive the parser.
void add_run_argument(CLI::App& command, std::string& path);

}  // namespace helmholtz::app
