#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "backends/backend.hpp"

namespace helmholtz::cpu_layered {

/// A layer of the whole batch at a time, through OpenBLAS: for large layers and batches. Of the
/// tolerant class: the draws of the exact class, but activities and deltas that BLAS adds up in its
/// own order. The same bits for any number of threads and of neighbouring machines.
std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options);

/// Parameters, and the activities of one batch for every thread.
std::size_t bytes(const Ensemble& ensemble);

/// The BLAS and the instruction set in use.
std::string detail();

}  // namespace helmholtz::cpu_layered
