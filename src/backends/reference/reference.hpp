#pragma once

#include <memory>

#include "backends/backend.hpp"

namespace helmholtz::reference {

/// One machine after the other, one unit at a time: the oracle of every other backend.
std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options);

std::size_t bytes(const Ensemble& ensemble);

}  // namespace helmholtz::reference
