#include "app/memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "helmholtz/backend.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::app {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// MemAvailable of /proc/meminfo.
double free_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    double kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return kNoLimit;
}

/// What the control group, e.g. a container, still leaves.
double group_memory() {
  double limit = 0;
  double used = 0;
  const bool limited = (std::ifstream("/sys/fs/cgroup/memory.max") >> limit) &&
                       (std::ifstream("/sys/fs/cgroup/memory.current") >> used);
  return limited ? std::max(0.0, limit - used) : kNoLimit;
}

double process_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

double available_memory() { return std::min({free_memory(), group_memory(), process_limit()}); }

void require_memory(std::string_view backend, const Ensemble& ensemble) {
  // Beside the trainer, an evaluation reads one machine's parameters.
  const auto needed = static_cast<double>(trainer_bytes(backend, ensemble)) +
                      static_cast<double>(ensemble.topology.parameters() * sizeof(float));
  const auto available = available_memory();
  if (needed <= available) return;
  throw InvalidArgument("layers", ensemble.topology.to_string(),
                        fmt::format("what the memory holds: {:.0f} bytes needed, {:.0f} available",
                                    needed, available));
}

}  // namespace helmholtz::app
