#include "sweep/run_folder.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "io/atomic_file.hpp"
#include "sweep/config.hpp"
#include "sweep/lock_file.hpp"
#include "sweep/manifest.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_empty_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) && fs::is_empty(path, error) && !error;
}

/// Whether a regular file holds these bytes.
bool holds(const fs::path& path, const std::string& bytes) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) != bytes.size()) return false;
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {}) == bytes;
}

/// Whether an entry is as the creation of this sweep leaves it before there is a manifest.
bool is_of_creation(const fs::path& entry, const RunFiles& names, const SweepSpec& spec,
                    const std::string& config) {
  if (entry == names.config) return holds(entry, config);
  if (entry == names.world) {
    return spec.world.name().starts_with("file:") && holds(entry, pattern_text(spec.world));
  }
  if (entry == names.lock || entry == names.log) return holds(entry, "");
  if (entry == names.shards_folder) return is_empty_folder(entry);
  for (const auto& name : {names.config, names.world, names.manifest}) {
    if (entry.filename() == fmt::format(".{}.tmp", name.filename().string())) return true;
  }
  return false;
}

std::optional<fs::path> strange_entry(const fs::path& path, const RunFiles& names,
                                      const SweepSpec& spec, const std::string& config) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!is_of_creation(entry->path(), names, spec, config)) return entry->path();
  }
  if (error) throw CannotCreate(path.string(), error.message());
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
  for (auto folder = path; !folder.empty() && !is_there(folder); folder = folder.parent_path()) {
    parents.push_back(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
  }
  fs::create_directories(path, error);
  if (error) io::throw_not_created(path, error.value());
  for (const auto& parent : parents) io::sync_folder(parent);
}

void require_same_sweep(const fs::path& path, const SweepSpec& spec) {
  const RunFiles names(path);
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
}

fs::path prepared_folder(fs::path path, const SweepSpec& spec, const std::string& config) {
  create_folder(path);
  const RunFiles names(path);
  if (!is_there(names.manifest)) {
    const auto strange = strange_entry(path, names, spec, config);
    if (!strange) return path;
    if (holds(names.lock, "")) {  // perhaps of a process that makes the same sweep at this moment
      const LockFile lock(names.lock, LockFile::Access::write);
      const LockFile::Exclusive made(lock);
    }
    if (!is_there(names.manifest)) {
      throw CannotCreate(strange->string(),
                         "is there already, but no sweep that it belongs to; give another --out");
    }
  }
  require_same_sweep(path, spec);
  return path;
}

}  // namespace helmholtz
