#include "app/run.hpp"

#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/config_file.hpp"
#include "app/sweep_flags.hpp"
#include "helmholtz/error.hpp"
#include "sweep/manifest.hpp"

namespace helmholtz::app {

namespace {

/// The spec of `helmholtz sweep --config config.toml`.
SweepSpec read_spec(const RunFiles& names) {
  CLI::App program;
  auto* command = program.add_subcommand("sweep");
  const SweepFlags flags(*command);
  program.parse(std::vector<std::string>{names.config.string(), "--config", "sweep"});  // reversed
  apply_config(*command);
  auto* world = command->get_option("--world");
  const bool is_file = world->count() > 0 && world->results().front().starts_with("file:");
  if (is_file && std::filesystem::exists(names.world)) {
    world->clear();
    world->add_result("file:" + names.world.string());
    world->run_callback();
  }
  return flags.spec(flags.parse());
}

}  // namespace

Run open_run(const std::filesystem::path& path) {
  const RunFiles names(path);
  std::error_code ignored;
  if (!std::filesystem::exists(names.manifest, ignored)) {
    throw NoInput(path.string(), "holds no sweep");
  }
  const auto manifest = read_manifest(names.manifest);
  try {
    const auto spec = read_spec(names);
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
