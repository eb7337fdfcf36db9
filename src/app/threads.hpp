#pragma once

#include "base/limits.hpp"

namespace helmholtz::app {

/// The CPU threads that --threads N means.
inline int threads_of(int wanted) { return wanted > 0 ? wanted : limits::default_threads().count; }

}  // namespace helmholtz::app
