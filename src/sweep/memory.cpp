#include "sweep/memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include "helmholtz/backends.hpp"

namespace helmholtz {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// The number behind a name in a file of such lines.
std::optional<double> value_of(const char* path, const std::string& wanted) {
  std::ifstream file(path);
  for (std::string name; file >> name;) {
    double value = 0;
    if (name == wanted && file >> value) return value;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

double free_memory() {
  const auto kibibytes = value_of("/proc/meminfo", "MemAvailable:");
  return kibibytes ? *kibibytes * 1024 : kNoLimit;
}

/// What the control group, e.g. a container, still leaves; cached files make way.
double group_memory() {
  double limit = 0;
  double used = 0;
  const bool limited = (std::ifstream("/sys/fs/cgroup/memory.max") >> limit) &&
                       (std::ifstream("/sys/fs/cgroup/memory.current") >> used);
  if (!limited) return kNoLimit;
  const double cached = value_of("/sys/fs/cgroup/memory.stat", "inactive_file").value_or(0);
  return std::clamp(limit - used + cached, 0.0, limit);
}

double process_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

double available_memory() { return std::min({free_memory(), group_memory(), process_limit()}); }

double training_memory(std::string_view backend, const Ensemble& ensemble) {
  return static_cast<double>(trainer_bytes(backend, ensemble)) +
         static_cast<double>(ensemble.topology.parameters() * sizeof(float));
}

}  // namespace helmholtz
