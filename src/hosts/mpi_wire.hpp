#pragma once

#include <memory>

#include "hosts/wire.hpp"

namespace helmholtz::hosts {

/// The messages of MPI, if mpirun or srun has started this process as one of several ranks; else
/// nothing, and MPI is not touched. All ranks have to call it.
/// @throws NoDevice if libhelmholtz_mpi.so is not there, of another version or of another MPI
std::unique_ptr<Wire> launched_wire();

}  // namespace helmholtz::hosts
