#pragma once

#include <optional>
#include <string>

#include "sweep/run_directory.hpp"

namespace helmholtz::app {

/// Which part of a sweep this process trains: `k/n` with k from 0; or, without `text`, this task
/// of a Slurm array (SLURM_ARRAY_TASK_ID, _MIN, _STEP, _COUNT); else all of it.
/// @throws InvalidArgument (field "shard", or the variable's name)
SweepPart parse_part(const std::optional<std::string>& text);

}  // namespace helmholtz::app
