#include "sweep/memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "base/limits.hpp"
#include "helmholtz/backends.hpp"

namespace helmholtz {

namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// What the machine has free.
double free_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    double kibibytes = 0;
    if (name == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return kNoLimit;
}

double process_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

double available_memory() {
  return std::min({free_memory(), limits::group_memory(), process_limit()});
}

double training_memory(std::string_view backend, const Ensemble& ensemble) {
  return static_cast<double>(trainer_bytes(backend, ensemble)) +
         static_cast<double>(ensemble.topology.parameters() * sizeof(float));
}

}  // namespace helmholtz
