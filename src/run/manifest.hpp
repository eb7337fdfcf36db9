#pragma once

#include <filesystem>
#include <string>

#include "run/event_log.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

/// What this process trains a sweep with: version, backends, threads, devices.
Json provenance(const SweepSpec& spec);

/// manifest.json: what made a run. It holds no time, and is never changed.
std::string manifest_text(const SweepSpec& spec);

struct Manifest {
  std::uint64_t configuration_hash = 0;
  Settings settings;
  std::uint64_t shard_machines = 0;  ///< of this run: rules for new ones may have changed since
};

/// @throws NoInput if there is none, so that the folder is no run; BadData; IoError
Manifest read_manifest(const std::filesystem::path& path);

}  // namespace helmholtz
