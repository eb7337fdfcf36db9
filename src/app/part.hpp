#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/json.hpp"
#include "helmholtz/sweep.hpp"
#include "sweep/run_directory.hpp"

namespace helmholtz::app {

/// Which part of a sweep this process trains, and who chose it.
struct ChosenPart {
  SweepPart part = {};
  std::string from = {};  ///< "--shard" or an environment variable; empty: nobody, it is all
  bool asked = false;     ///< by --shard, also `auto`; else a Slurm array's number was found
};

/// `k/n` with k from 0; `auto`: the number of this process among those that were started together,
/// by a Slurm array, mpirun (Open MPI, MPICH), srun or Kubernetes; without `text`: this task of a
/// Slurm array, else all of it.
/// @throws InvalidArgument (field "shard", or the variable's name)
ChosenPart parse_part(const std::optional<std::string>& text);

/// What a part is of a sweep.
struct PartShare {
  LockFile::Range shards;
  std::uint64_t all_shards = 0;
  std::uint64_t machines = 0;
  std::uint64_t all_machines = 0;
};

/// Of a sweep that has no directory yet.
PartShare share_of(const SweepPart& part, const SweepSpec& spec);

/// Refuses a part that nobody asked for and that has no shard, where `out` holds no sweep: in a
/// directory of the process's own the machines would stay untrained. Where other tasks share it,
/// there are only more tasks than shards.
/// @throws InvalidArgument (the variable's name)
void require_work(const ChosenPart& chosen, const SweepSpec& spec,
                  const std::filesystem::path& out);

/// E.g. "part 0 of 3 (--shard): shards 0 to 1 of 6, 34 of 100 machines".
std::string part_text(const ChosenPart& chosen, const PartShare& share);
Json part_json(const ChosenPart& chosen, const PartShare& share);

}  // namespace helmholtz::app
