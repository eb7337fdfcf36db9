#include "interruptible.hpp"

#include <chrono>
#include <exception>
#include <future>

namespace helmholtz::python {

namespace {

using namespace std::chrono_literals;

bool is_over(const std::future<void>& work) {
  const nb::gil_scoped_release without_gil;
  return work.wait_for(20ms) == std::future_status::ready;
}

}  // namespace

void check_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

void run_interruptibly(const std::function<void(Progress&)>& work, const nb::object& advanced) {
  Progress progress;
  double told = 0;
  const auto tell = [&] {
    const double done = progress.done;
    if (advanced.is_none() || done == told) return;
    advanced(done - told);
    told = done;
  };
  auto result = std::async(std::launch::async, [&] { work(progress); });
  std::exception_ptr raised;
  while (!is_over(result)) {
    if (raised) continue;
    try {
      check_signals();
      tell();
    } catch (...) {
      raised = std::current_exception();
      progress.stop = true;
    }
  }
  if (raised) std::rethrow_exception(raised);
  result.get();
  tell();
}

}  // namespace helmholtz::python
