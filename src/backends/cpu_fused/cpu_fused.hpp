#pragma once

#include <memory>
#include <string>

#include "backends/backend.hpp"

namespace helmholtz::cpu_fused {

/// Machines in SIMD lanes, blocks of machines over all threads: the backend for sweeps.
std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options);

std::size_t bytes(const Ensemble& ensemble);

/// The instruction set in use.
std::string detail();

}  // namespace helmholtz::cpu_fused
