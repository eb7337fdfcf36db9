#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/event_log.hpp"
#include "sweep/lock_file.hpp"
#include "sweep/run_folder.hpp"
#include "sweep/shard_files.hpp"

namespace helmholtz {

/// Part k of n of a sweep's shards: consecutive ones, nearly equally many.
struct SweepPart {
  std::uint64_t k = 0;
  std::uint64_t n = 1;

  [[nodiscard]] LockFile::Range of(std::uint64_t shards) const;
};

/// The directory of one sweep, and this process as a writer of a part of it:
/// - config.toml: runs the sweep again through --config; world.txt: the patterns, if from a file;
/// - manifest.json: what made it, and the hash of what decides its results;
/// - shards/: the results, see ShardFiles; a shard that is there is done;
/// - summary.csv: written by whoever completes the sweep;
/// - log.jsonl: what happened when; lock: see LockFile.
/// Any process may end at any moment, several may work on different parts, and the next one
/// trains the shards that are missing.
class RunDirectory : public ShardSink {
 public:
  /// Gets what users should know at once, e.g. that a shard was renamed.
  using Warn = std::function<void(const std::string&)>;

  /// Creates the directory with its parents, or opens it to resume: the same configuration, whose
  /// seeds may be more than before. Bad shards of the part are quarantined.
  /// @throws CannotCreate if it holds another sweep, or another process writes the same part;
  ///         IoError if a file of it cannot be read or locked, or a shard is bad a second time
  RunDirectory(std::filesystem::path path, const SweepSpec& spec, SweepPart part = {},
               Warn warn = {});

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Machines of one shard here, for SweepOptions.
  [[nodiscard]] std::uint64_t shard_machines() const noexcept { return files_.shard_machines(); }
  /// Whether shard i is this process's and not done.
  [[nodiscard]] bool wants(std::uint64_t i) const;
  /// Machines of the part that are done.
  [[nodiscard]] std::uint64_t machines_done() const;
  [[nodiscard]] std::uint64_t machines_of_part() const;

  /// @throws InvalidArgument (field "shard_machines") unless they are whole shards of this
  ///         directory; IoError, CannotCreate: earlier shards stay
  void write_all(std::span<const Shard> shards) override;
  void write(const Shard& shard) override { write_all({&shard, 1}); }

  /// Whether every shard is done, also those of other parts.
  [[nodiscard]] bool is_complete();
  /// Hands all shards of a complete directory over, in order, fully checked. A bad one is
  /// quarantined: then wants() says so, and the sink has not got all.
  /// @return whether all were good @throws BadData for a bad one of another part
  bool read(ShardSink& sink);

  void log(const char* event, const Json& details = Json::object()) const {
    log_.write(event, details);
  }
  /// Writes summary.csv, unless the sweep has more seeds by now. @throws CannotCreate, IoError
  void write_summary(std::string_view csv) const;

 private:
  /// @return machines of one shard
  [[nodiscard]] std::uint64_t open_or_create(const SweepSpec& spec) const;
  void extend(const SweepSpec& spec) const;
  void lock_part() const;
  void scan();
  void quarantine(std::uint64_t i, const std::string& problem);

  std::string config_;  // first: a world that it cannot name must leave nothing behind
  std::filesystem::path path_;
  RunFiles names_;
  Warn warn_;
  LockFile lock_;
  EventLog log_;
  std::optional<LockFile::Exclusive> exclusive_;  // while it is opened
  ShardFiles files_;
  LockFile::Range part_;
  Json provenance_;
  std::vector<bool> done_;                                                         // [shards]
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();  // of a shard
};

}  // namespace helmholtz
