#pragma once

#include <string_view>

#include "helmholtz/ensemble.hpp"

namespace helmholtz::app {

/// Bytes that this process can still take: what the machine has free, within its resource limits.
double available_memory();

/// @throws InvalidArgument (field "layers") if a trainer of the ensemble would not fit
void require_memory(std::string_view backend, const Ensemble& ensemble);

}  // namespace helmholtz::app
