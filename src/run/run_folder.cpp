#include "run/run_folder.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "model/worlds/pattern_file.hpp"
#include "run/config.hpp"
#include "run/lock_file.hpp"
#include "run/manifest.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

bool is_reachable(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// Whether a regular file holds these bytes. @throws IoError
bool holds(const fs::path& path, const std::string& bytes) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) != bytes.size()) return false;
  return io::read_file(path) == bytes;
}

/// Names of all that is in a folder.
std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    paths.push_back(entry->path());
  }
  if (error) throw CannotCreate(folder.string(), error.message());
  return paths;
}

/// Whether a folder may become that of the shards: none is there, nor any other HDF5 file.
bool holds_no_shards(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return false;
  const auto all = entries(folder);
  return std::none_of(all.begin(), all.end(), [](const fs::path& path) {
    return path.filename().string().find(".h5") != std::string::npos;
  });
}

/// Whether a file of a run is as the creation of this sweep leaves it before there is a manifest.
bool is_of_creation(const fs::path& entry, const RunFiles& names, const SweepSpec& spec,
                    const std::string& config) {
  if (entry == names.config) return holds(entry, config);
  if (entry == names.world) {
    return pattern_path(spec.world) && holds(entry, pattern_text(spec.world));
  }
  if (entry == names.lock || entry == names.log) return holds(entry, "");
  return entry == names.shards_folder && holds_no_shards(entry);
}

bool is_run(const fs::path& folder) {
  const RunFiles names(folder);
  return is_reachable(names.manifest) && is_reachable(names.shards_folder);
}

/// Something that a new run must not stand beside: a file that it would write or that another sweep
/// has left, or whole runs, whose parent was meant to be named. All else is ignored.
std::optional<fs::path> strange_entry(const fs::path& path, const RunFiles& names,
                                      const SweepSpec& spec, const std::string& config) {
  for (const auto& name : {names.config, names.world, names.log, names.lock, names.summary,
                           names.report, names.shards_folder}) {
    if (io::is_there(name) && !is_of_creation(name, names, spec, config)) return name;
  }
  for (const auto& entry : entries(path)) {
    if (is_run(entry)) return entry;
  }
  return std::nullopt;
}

}  // namespace

RunFiles::RunFiles(const fs::path& folder)
    : config(folder / "config.toml"),
      manifest(folder / "manifest.json"),
      world(folder / "world.txt"),
      log(folder / "log.jsonl"),
      lock(folder / "lock"),
      summary(folder / "summary.csv"),
      report(folder / "report.html"),
      shards_folder(folder / "shards") {}

void create_folder(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw CannotCreate(path.string(), "exists and is not a directory");
  }
  std::vector<fs::path> parents;  // of folders that are missing
  for (auto folder = path; !folder.empty() && !is_reachable(folder);
       folder = folder.parent_path()) {
    parents.push_back(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
  }
  fs::create_directories(path, error);
  if (error) io::throw_not_created(path, error.value());
  for (const auto& parent : parents) io::sync_folder(parent);
}

std::uint64_t existing_shard_machines(const fs::path& path, const SweepSpec& spec) {
  const RunFiles names(path);
  if (!io::is_there(names.manifest)) return 0;
  const auto manifest = read_manifest(names.manifest);
  const auto settings = settings_of(spec);
  if (manifest.configuration_hash != configuration_hash(settings)) {
    throw CannotCreate(path.string(), fmt::format("holds another sweep: {}",
                                                  difference(manifest.settings, settings)));
  }
  const auto seeds = seeds_of_config(names.config);
  if (!spec.seeds.begins_with(seeds)) {
    throw CannotCreate(path.string(), fmt::format("holds another sweep: seeds: {} there, {} now; "
                                                  "more seeds may only follow",
                                                  seeds.to_string(), spec.seeds.to_string()));
  }
  return manifest.shard_machines;
}

fs::path prepared_folder(fs::path path, const SweepSpec& spec, const std::string& config) {
  create_folder(path);
  if (existing_shard_machines(path, spec) > 0) return path;
  const RunFiles names(path);
  const auto strange = strange_entry(path, names, spec, config);
  if (!strange) return path;
  if (holds(names.lock, "")) {  // perhaps of a process that makes the same sweep at this moment
    const LockFile lock(names.lock, LockFile::Access::write);
    const LockFile::Exclusive made(lock);
  }
  if (existing_shard_machines(path, spec) == 0) {
    throw CannotCreate(strange->string(),
                       "is there already, but no sweep that it belongs to; give another --out");
  }
  return path;
}

}  // namespace helmholtz
