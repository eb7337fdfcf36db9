#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// What decides a sweep's results, machine by machine: the names of the program's flags and their
/// values. The seeds are left out, since more of them extend a sweep; so are the threads, and a
/// backend of the exact class, which have no influence. A world stands by its patterns, not by its
/// name.
using Settings = std::vector<std::pair<std::string, std::string>>;
Settings settings_of(const SweepSpec& spec);

/// "9 units, 12 patterns, 0123456789abcdef": shape, patterns and probabilities as a digest; of
/// data, "784 units, 60000 rows, 0123456789abcdef": the data set's own.
std::string world_digest(const World& world);

/// A data set without its rows, of its world_digest. @throws InvalidArgument (field "data") for
/// another text
World described_data(std::string name, std::string_view digest);

/// "generative 0.1, recognition -, layers ": the rates that override lr.
std::string rate_overrides_text(const SweepSpec& spec);

/// Of each kind of SweepSpec::kinds(): "exact", "cuda-layered", "cuda-layered tf32". The exact
/// class gives the same bits on every backend.
std::string backend_arithmetic(const SweepSpec& spec);

// What training makes of value i of a sweep's lists, as bytes to compare: two values of equal
// arithmetic are the same machines under two names.
std::string rate_arithmetic(const SweepSpec& spec, std::size_t i);
std::string schedule_arithmetic(const SweepSpec& spec, std::size_t i);
std::string optimizer_arithmetic(const SweepSpec& spec, std::size_t i);
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i);

/// One more whenever a name or a meaning in shards' files changes.
inline constexpr int kShardSchema = 1;

/// XXH3-64 of the settings and of the version of the shards' schema.
std::uint64_t configuration_hash(const Settings& settings);

/// `name: "a" there, "b" now` for each difference, joined by semicolons; empty if there is none.
/// What one side leaves out is "the default" there.
std::string difference(const Settings& there, const Settings& now);

}  // namespace helmholtz
