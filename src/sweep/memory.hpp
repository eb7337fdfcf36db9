#pragma once

#include <unistd.h>

#include <cstdint>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Bytes of the machine's memory, as double since needs are compared that no integer holds.
inline double physical_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// Bytes that a sweep takes at its peak.
struct SweepMemory {
  double shard = 0;    ///< the largest shard: parameters and rows
  double summary = 0;  ///< 8 bytes a machine and evaluation, for exact quantiles

  [[nodiscard]] double total() const { return shard + summary; }
};

/// @throws InvalidArgument (field "backend") for an unknown backend
SweepMemory sweep_memory(const SweepSpec& spec);

}  // namespace helmholtz
