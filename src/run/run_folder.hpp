#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// What is in a run's folder.
struct RunFiles {
  explicit RunFiles(const std::filesystem::path& folder);
  std::filesystem::path config, manifest, world, log, lock, summary, report, shards_folder;
};

/// Creates a folder with its parents, so that they outlast a crash. @throws CannotCreate, IoError
void create_folder(const std::filesystem::path& path);

/// Machines of a shard of the run in a folder; 0: there is none.
/// @throws CannotCreate unless it has the spec's configuration, and seeds that the spec's begin
///         with; BadData if its files are damaged; IoError if they cannot be read
std::uint64_t existing_shard_machines(const std::filesystem::path& path, const SweepSpec& spec);

/// The folder ready for its lock: it holds the same sweep, or of a sweep's files none but what
/// another process that makes this sweep, or was killed when it did, has written. Files of other
/// names are ignored; those of anyone else stay as they are.
/// @param config  what config.toml will be
/// @throws as existing_shard_machines
std::filesystem::path prepared_folder(std::filesystem::path path, const SweepSpec& spec,
                                      const std::string& config);

}  // namespace helmholtz
