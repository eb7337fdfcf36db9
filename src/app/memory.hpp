#pragma once

#include <string_view>

#include "helmholtz/ensemble.hpp"

namespace helmholtz::app {

/// @throws InvalidArgument (field "layers") if a trainer of the ensemble would not fit
void require_memory(std::string_view backend, const Ensemble& ensemble);

}  // namespace helmholtz::app
