#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz {

/// A trained machine with all that it takes to resume its training: an ensemble of one machine. Of
/// one that was trained on a data set, the rows are no part: only what tells them from others, and
/// where they were.
struct SavedMachine {
  Ensemble ensemble;
  std::uint64_t step = 0;
  std::vector<float> parameters = {};       ///< [topology.parameters()]
  std::vector<float> optimizer_state = {};  ///< [optimizer_state_floats(ensemble, 0)]
  DataSource data = {};                     ///< of a world that is_data()
};

/// The machine of a trainer that has one, as it is now.
/// @param data  where its world's rows are, if it is_data()
SavedMachine machine_of(const Trainer& trainer, DataSource data = {});
/// Machine m of a trainer of many, as it is now.
/// @throws InvalidArgument (field "machines") beyond the last machine
SavedMachine machine_of(const Trainer& trainer, std::size_t m, DataSource data = {});

/// Writes an HDF5 file under a temporary name, syncs it, and renames it: never half a file.
/// @throws CannotCreate, IoError
void save_machine(const std::filesystem::path& path, const SavedMachine& machine);

/// The world of a machine that was trained on data has none of its rows.
/// @throws NoInput if there is no such file, IoError if it cannot be read, BadData if it is not a
///         saved machine or is damaged
SavedMachine load_machine(const std::filesystem::path& path);

}  // namespace helmholtz
