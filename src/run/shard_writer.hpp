#pragma once

#include <chrono>

#include "base/atomic_file.hpp"
#include "run/event_log.hpp"
#include "run/shard_files.hpp"

namespace helmholtz {

/// Writes shards into a run's directory, and into its log.
class ShardWriter final : public ShardSink {
 public:
  using Rivals = io::AtomicFile::Rivals;

  /// @param made_by  what trains them: provenance()
  ShardWriter(const ShardFiles& files, const EventLog& log, Json made_by);

  /// Whether other processes may train the same shards at this moment. Then those that are there
  /// already are dropped: their bytes are equal.
  void expect(Rivals rivals) { rivals_ = rivals; }

  /// @throws InvalidArgument (field "shard_machines") unless they are whole shards of the
  ///         directory; IoError, CannotCreate: earlier shards stay
  void write_all(std::span<const Shard> shards) override;
  void write(const Shard& shard) override { write_all({&shard, 1}); }

  [[nodiscard]] const Json& made_by() const noexcept { return made_by_; }

 private:
  void require_whole(const Shard& shard) const;

  const ShardFiles& files_;
  const EventLog& log_;
  Json made_by_;
  Rivals rivals_ = Rivals::none;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();  // of a shard
};

}  // namespace helmholtz
