#pragma once

#include <filesystem>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "hosts/team.hpp"

namespace helmholtz::hosts {

/// CPU threads of a rank: those of the spec, or else a fair share of its host's cores.
int threads_of_rank(const SweepSpec& spec, const Place& place);

/// The GPU of a rank: the local ranks take those of the list in turn, so that none is shared before
/// each is taken. @throws NoDevice if the list is empty
int device_of_rank(const std::vector<int>& devices, const Place& place);

/// What a rank trains with, so that it trains what rank 0 deals: on GPUs, with one of those that
/// the spec names, or else of all. @throws NoDevice
SweepOptions dealt_options(
    Team& team, const SweepSpec& spec, const std::function<void()>& meanwhile = [] {});

/// Reports shards that are written to rank 0.
class DoneReport final : public ShardSink {
 public:
  DoneReport(Team& team, std::uint64_t shard_machines)
      : team_(team), shard_machines_(shard_machines) {}
  void write_all(std::span<const Shard> shards) override {
    team_.report_done(shards, shard_machines_);
  }
  void write(const Shard& shard) override { write_all({&shard, 1}); }

 private:
  Team& team_;
  std::uint64_t shard_machines_;
};

/// What a rank other than 0 does: trains what it is dealt into the directory that rank 0 has made,
/// until rank 0 ends the job.
/// @throws CannotCreate if it is not there after a minute, or holds another sweep; what run_sweep()
///         throws
void train_dealt(Team& team, const SweepSpec& spec, const std::filesystem::path& path);

}  // namespace helmholtz::hosts
