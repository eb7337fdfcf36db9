#pragma once

#include "helmholtz/sweep.hpp"
#include "run/event_log.hpp"

namespace helmholtz {

/// The backends that train a sweep here: name, whether of the exact class, and what each runs on
/// (the instruction set or the devices).
Json used_backends(const SweepSpec& spec);

/// What this process trains a sweep with: version, backends, threads, devices.
Json provenance(const SweepSpec& spec);

}  // namespace helmholtz
