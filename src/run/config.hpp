#pragma once

#include <filesystem>
#include <string>

#include "helmholtz/sweep.hpp"
#include "run/run_folder.hpp"
#include "sweep/toml.hpp"

namespace helmholtz {

/// What a run's config.toml holds: the spec, with its backend resolved where there is but one.
/// @throws InvalidArgument (field "world") for a path that no such file can hold
std::string config_text(const SweepSpec& spec);

/// The seeds that a run's config.toml names. @throws BadData
SeedSet seeds_of_config(const std::filesystem::path& config);

/// Where a config.toml names a pattern file that has moved, the copy of the run beside it, if that
/// is the run's world, takes its place.
void find_world(TomlItem& item, const std::filesystem::path& config);

/// The patterns as a pattern file that reads back to the same world.
std::string pattern_text(const World& world);

}  // namespace helmholtz
