#pragma once

#include <optional>
#include <string>

#include "app/output.hpp"
#include "helmholtz/run_directory.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz::app {

/// Which part of a sweep this process trains, and who chose it.
struct ChosenPart {
  SweepPart part = {};
  std::string from = {};  ///< "--shard" or environment variables; empty: the whole sweep
  bool asked = false;     ///< by --shard, also `auto`; else a Slurm array's number was found

  /// Whether it was found in the environment.
  [[nodiscard]] bool is_found() const { return !from.empty() && from != "--shard"; }
};

/// `k/n` with k from 0; `auto`: the number of this process among those that were started together,
/// by a Slurm array or a Kubernetes index job, by mpirun (Open MPI, MPICH) or srun, or by both:
/// rank r of R in task t of T has part t R + r of T R; without `text`: this task of a Slurm array,
/// else all of it.
/// @throws InvalidArgument (field "shard", or the variable's name)
ChosenPart parse_part(const std::optional<std::string>& text);

/// What a part is of a sweep.
struct PartShare {
  ShardRange shards;
  std::uint64_t all_shards = 0;
  std::uint64_t machines = 0;
  std::uint64_t all_machines = 0;
};

/// @param each  machines of a shard
PartShare share_of(const SweepPart& part, const SweepSpec& spec, std::uint64_t each);

/// Refuses a part that was not asked for and that has no shard: in a directory of the process's own
/// the machines would stay untrained. What the directory holds by now does not matter, so that the
/// tasks that share one are refused or not whichever comes first.
/// @throws InvalidArgument (the variable's name)
void require_work(const ChosenPart& chosen, const PartShare& share);

/// E.g. "part 0 of 3 (--shard): shards [0, 2) of 6, 34 of 100 machines".
std::string part_text(const ChosenPart& chosen, const PartShare& share);
Json part_json(const ChosenPart& chosen, const PartShare& share);

}  // namespace helmholtz::app
