#pragma once

#include <string_view>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Bytes that this process can take: what the machine and its control group have free, within the
/// process's own limit. A double, since needs are compared that no integer holds.
double available_memory();

/// Bytes of a trainer and of the machine that it reads to evaluate it.
/// @throws InvalidArgument (field "backend") for an unknown backend
double training_memory(std::string_view backend, const Ensemble& ensemble);

/// Bytes that a sweep takes at its peak.
struct SweepMemory {
  double shard = 0;    ///< the largest shard: parameters and rows
  double summary = 0;  ///< 8 bytes a machine and evaluation, for exact quantiles

  [[nodiscard]] double total() const { return shard + summary; }
};

/// @throws InvalidArgument (field "backend") for an unknown backend
SweepMemory sweep_memory(const SweepSpec& spec);

}  // namespace helmholtz
