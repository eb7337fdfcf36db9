#pragma once

#include <filesystem>

#include "helmholtz/sweep.hpp"
#include "hosts/team.hpp"

namespace helmholtz::hosts {

/// The spec as one of several ranks of a host trains it: unless it says how many threads, a fair
/// share of the cores; on GPUs, one of those that it names, or else of all.
/// @throws NoDevice
SweepSpec spec_of_rank(SweepSpec spec, const Place& place);

/// What a rank has to add to its options, so that it trains what rank 0 deals.
SweepOptions dealt_options(
    Team& team, const std::function<void()>& meanwhile = [] {});

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
