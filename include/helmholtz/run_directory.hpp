#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "helmholtz/sweep.hpp"

/// A sweep's results on disk. They survive a crash, a full disk and a kill: what is lost is the
/// work in flight.
namespace helmholtz {

class ShardFiles;

/// Part k of n of a sweep's shards: consecutive ones, nearly equally many.
struct SweepPart {
  std::uint64_t k = 0;
  std::uint64_t n = 1;

  [[nodiscard]] ShardRange of(std::uint64_t shards) const;
};

/// The directory of one sweep, and this process as a writer of a part of it:
/// - config.toml: runs the sweep again through --config; world.txt: the patterns, if from a file;
/// - manifest.json: what made it, and the hash of what decides its results;
/// - shards/: the results, in HDF5; a shard that is there is done;
/// - summary.csv: what write_summary() is given, once the sweep is complete;
/// - log.jsonl: what happened when; lock: who writes which shards.
/// Any process may end at any moment, several may work on different parts, and the next one resumes
/// with the shards that are missing.
class RunDirectory final : public ShardSink {
 public:
  /// Gets what users should know at once, e.g. that a shard was renamed.
  using Warn = std::function<void(const std::string&)>;

  /// Creates the directory with its parents, or opens it to resume: the same configuration, whose
  /// seeds may be more than before. Bad shards of the part are quarantined.
  /// @throws InvalidArgument (field "part") unless part.k < part.n; as SweepSpec::validate();
  ///         CannotCreate if it holds another sweep; InUse if another process writes the same part;
  ///         IoError if a file of it cannot be read or locked, or a shard is bad a second time
  RunDirectory(std::filesystem::path path, const SweepSpec& spec, SweepPart part = {},
               Warn warn = {});
  ~RunDirectory() override;
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  /// Machines of one shard here, for SweepOptions.
  [[nodiscard]] std::uint64_t shard_machines() const noexcept;
  /// Whether shard i is this process's and not done.
  [[nodiscard]] bool wants(std::uint64_t i) const;
  /// Machines of the part that are done.
  [[nodiscard]] std::uint64_t machines_done() const;
  [[nodiscard]] std::uint64_t machines_of_part() const;
  /// How many the sweep has.
  [[nodiscard]] std::uint64_t shards() const;

  /// Trains what is missing of the part. @param options  `wanted` and `shard_machines` are ignored;
  ///                with `deal`, other processes may write shards of the part too
  /// @param written  gets the shards that are there
  /// @throws what run_sweep() throws
  SweepOutcome train(SweepOptions options = {}, ShardSink* written = nullptr);

  /// @throws InvalidArgument (field "shard_machines") unless they are whole shards of this
  ///         directory; IoError, CannotCreate: earlier shards stay
  void write_all(std::span<const Shard> shards) override;
  void write(const Shard& shard) override { write_all({&shard, 1}); }

  /// Whether every shard is done, also those of other parts. Looks at the files of those that were
  /// not, up to the first that is missing.
  [[nodiscard]] bool is_complete();
  /// Whether every shard of the part is done, whoever has written it.
  [[nodiscard]] bool is_part_complete();
  /// Hands all shards of a complete directory over, in order, fully checked. A bad one is
  /// quarantined: then wants() says so, and the sink has not got all.
  /// @return whether all were good @throws BadData for a bad one of another part
  bool read(ShardSink& sink);

  /// Writes summary.csv, unless the sweep has more seeds by now. @throws CannotCreate, IoError
  void write_summary(std::string_view csv) const;

 private:
  struct State;

  void scan();
  bool look_for(std::uint64_t shard);
  void quarantine(std::uint64_t i, const std::string& problem);

  std::unique_ptr<State> state_;
};

/// A run directory, open to be read.
class Run {
 public:
  Run(std::filesystem::path path, ShardFiles files);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const SweepSpec& spec() const noexcept;
  [[nodiscard]] std::uint64_t shards() const noexcept;
  /// Whether shard i is there. @throws IoError for what cannot be read
  [[nodiscard]] bool is_done(std::uint64_t i) const;
  /// Shard i, fully checked. One thread at a time may read. @throws NoInput, BadData, IoError
  [[nodiscard]] Shard read(std::uint64_t i) const;
  /// Every machine that is done, in memory. @throws as read(); BadData also for a bad shard
  [[nodiscard]] Shard results() const;

  /// The files behind it (src/run/shard_files.hpp).
  [[nodiscard]] const ShardFiles& files() const noexcept { return *files_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const ShardFiles> files_;
};

/// Reads a run's config.toml, and its world from its own copy of the patterns.
/// @throws NoInput if the directory holds no run, IoError if it cannot be read, BadData if
///         its files contradict each other
Run open_run(const std::filesystem::path& path);

}  // namespace helmholtz
