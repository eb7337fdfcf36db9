#pragma once

#include <filesystem>
#include <string>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// The sweep as a configuration file: the names of the program's flags.
/// @throws InvalidArgument (field "world") for a path that no such file can hold
std::string config_text(const SweepSpec& spec);

/// The seeds that such a file names. @throws NoInput, BadData, IoError
SeedSet seeds_of_config(const std::filesystem::path& path);

/// The patterns as a pattern file that reads back to the same world.
std::string pattern_text(const World& world);

}  // namespace helmholtz
