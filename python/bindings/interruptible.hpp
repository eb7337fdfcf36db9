#pragma once

#include <atomic>
#include <functional>

#include <nanobind/nanobind.h>

namespace helmholtz::python {

namespace nb = nanobind;

/// What long work and the thread that waits for it tell each other.
struct Progress {
  std::atomic<bool> stop = false;  ///< the work is to end soon
  std::atomic<double> done = 0;    ///< so far, in any unit
};

/// Handles signals, e.g. raises KeyboardInterrupt. Needs the GIL, as the next.
void check_signals();

/// Runs `work` on a thread of its own, without the GIL. Meanwhile, many times per second, this
/// thread handles signals and calls advanced(increment of done), unless that is None. If either
/// raises, the work is asked to stop, and when it has, the exception goes on.
void run_interruptibly(const std::function<void(Progress&)>& work,
                       const nb::object& advanced = nb::none());

}  // namespace helmholtz::python
