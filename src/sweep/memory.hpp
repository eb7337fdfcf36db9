#pragma once

#include <functional>
#include <string_view>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Machines of a kind with seeds 0, 1, 2, ...: what is measured and checked stands for all.
Ensemble trial_ensemble(const SweepSpec& spec, const SweepConfiguration& kind,
                        std::uint64_t machines);

/// Bytes of a trainer, of the machine that it reads to evaluate it, and of what the evaluations of
/// the spec take.
/// @throws InvalidArgument (field "backend") for an unknown backend
double training_memory(const SweepSpec& spec, std::string_view backend, const Ensemble& ensemble);

/// CPU threads that train a sweep.
int threads_of(const SweepSpec& spec);

/// Machines that are trained at once, in whole shards of `each`: enough to keep all threads busy
/// for some seconds or to fill a GPU, so that small shards cost no speed; what a kill loses.
/// Results do not depend on it.
std::uint64_t machines_at_once(const SweepSpec& spec, std::uint64_t each);

/// Blocks of those machines that are trained side by side: two with a GPU, which trains one while
/// the other's evaluations are fetched and filed.
std::uint64_t blocks_at_once(const SweepSpec& spec);

/// Bytes that a sweep takes at its peak.
struct SweepMemory {
  double shard = 0;    ///< those trained at once: parameters and rows; rows being written
  double summary = 0;  ///< 8 bytes per machine, evaluation and summarised metric

  [[nodiscard]] double total() const { return shard + summary; }
};

/// In shards of `each`, as the next two.
/// @throws InvalidArgument (field "backend") for an unknown backend
SweepMemory sweep_memory(const SweepSpec& spec, std::uint64_t each);

/// Bytes that a sweep's results take on disk, about, without parameters of the best.
double disk_bytes(const SweepSpec& spec, std::uint64_t each);

/// Where SweepSpec::shard_machines() does not hold, as in a directory of another version.
SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds, std::uint64_t each,
                             const std::function<bool()>& stop_requested = {});

}  // namespace helmholtz
