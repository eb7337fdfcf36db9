#include "app/run.hpp"

#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "helmholtz/error.hpp"
#include "io/input_file.hpp"
#include "sweep/config.hpp"
#include "sweep/manifest.hpp"

namespace helmholtz::app {

Run open_run(const std::filesystem::path& path) {
  const RunFiles names(path);
  if (!io::is_there(names.manifest)) throw NoInput(path.string(), "holds no sweep");
  const auto manifest = read_manifest(names.manifest);
  try {
    const auto spec = read_config(names);
    Run run{.path = path,
            .names = names,
            .spec = spec,
            .files = ShardFiles(path, spec, manifest.shard_machines)};
    if (run.files.configuration_hash() == manifest.configuration_hash) return run;
  } catch (const InvalidArgument& error) {
    throw BadData(names.config.string(), error.what());
  }
  throw BadData(names.config.string(), "is not what manifest.json says");
}

RunArgument::RunArgument(CLI::App& command) {
  command.add_option("DIR", directory_, "directory of a sweep")->required()->type_name("");
}

Run RunArgument::open() const {
  if (directory_.empty()) throw InvalidArgument("DIR", "", "the directory of a sweep");
  return open_run(directory_);
}

}  // namespace helmholtz::app
