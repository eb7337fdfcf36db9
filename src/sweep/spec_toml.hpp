#pragma once

#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/toml.hpp"

namespace helmholtz {

/// The sweep of a document's items; the first of a name counts. @throws as SweepSpec::from_toml
SweepSpec spec_of(const std::vector<TomlItem>& items);

}  // namespace helmholtz
