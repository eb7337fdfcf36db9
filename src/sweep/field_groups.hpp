#pragma once

#include <vector>

#include "sweep/fields.hpp"

/// The parts of the table that fields() joins.
namespace helmholtz {

/// What machines train on instead of a world. The rows count, not where they are.
std::vector<Field> data_fields();
/// The model, and how it learns: what may differ between configurations.
std::vector<Field> model_fields();
/// The rest: of the sweep, of its evaluations, of where it runs.
std::vector<Field> run_fields();

}  // namespace helmholtz
