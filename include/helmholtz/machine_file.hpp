#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "helmholtz/ensemble.hpp"

namespace helmholtz {

/// A trained machine with all that it takes to resume its training: an ensemble of one machine.
struct SavedMachine {
  Ensemble ensemble;
  std::uint64_t step = 0;
  std::vector<float> parameters = {};  ///< [topology.parameters()]
};

/// Writes an HDF5 file under a temporary name, syncs it, and renames it: never half a file.
/// @throws CannotCreate, IoError
void save_machine(const std::filesystem::path& path, const SavedMachine& machine);

/// @throws NoInput if there is no such file, IoError if it cannot be read, BadData if it is not a
///         saved machine or is damaged
SavedMachine load_machine(const std::filesystem::path& path);

}  // namespace helmholtz
