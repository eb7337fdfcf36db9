#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/sealed_file.hpp"
#include "helmholtz/sweep.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

inline constexpr io::SealKind kShardKind{.name = "shard", .schema = kShardSchema};

/// The shards of one sweep as files: shard i holds machines [i * S, (i + 1) * S) in
/// `shards/0000000i.h5`. A file is written once, whole or not at all; its bytes are a pure function
/// of the specification.
class ShardFiles {
 public:
  /// @param folder          of the run
  /// @param shard_machines  S, as the run's manifest says; 0: as a new run has it
  ShardFiles(const std::filesystem::path& folder, const SweepSpec& spec,
             std::uint64_t shard_machines = 0);

  [[nodiscard]] const SweepSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::uint64_t configuration_hash() const noexcept { return hash_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  [[nodiscard]] std::uint64_t shards() const noexcept { return shards_; }
  [[nodiscard]] std::uint64_t shard_machines() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t shard_of(std::uint64_t machine) const { return machine / size_; }
  [[nodiscard]] std::uint64_t first_machine(std::uint64_t i) const { return i * size_; }
  [[nodiscard]] std::uint64_t machines(std::uint64_t i) const;
  [[nodiscard]] std::filesystem::path path(std::uint64_t i) const;

  /// `shorter`: of the same sweep with fewer seeds, so it has to be trained again.
  enum class State { missing, shorter, done, bad };
  /// By the first bytes and the length alone.
  /// @throws IoError for what cannot be read, which is neither missing nor bad
  [[nodiscard]] State state(std::uint64_t i) const;

  /// Whether it is done, or bad: that is no gap to be passed over in silence, and reading it
  /// reports what is wrong.
  [[nodiscard]] bool is_to_be_read(std::uint64_t i) const;

  /// The bytes of a shard's file.
  [[nodiscard]] std::string bytes(const Shard& shard) const;
  /// Under a lock on the shards, unless others may write the same ones.
  /// @return the bytes of each file @throws CannotCreate, IoError
  std::vector<std::uint64_t> write_all(
      std::span<const Shard> shards,
      io::AtomicFile::Rivals rivals = io::AtomicFile::Rivals::none) const;
  std::uint64_t write(const Shard& shard) const { return write_all({&shard, 1}).front(); }
  /// Reads a shard and checks all of it: digest, sizes, seeds, configurations, ranges.
  /// One thread at a time may read. @throws NoInput, BadData, IoError
  [[nodiscard]] Shard read(std::uint64_t i) const;
  /// Removes what killed writers of these shards have left: under a lock on them.
  void remove_unfinished(ShardRange shards) const;
  /// Of the shard that a file of this name is being written for, e.g. `.00000042.h5.123-0.tmp`.
  static std::optional<std::uint64_t> number_unfinished(const std::string& name);
  /// Renames a file to NAME.bad-1, so that its shard counts as missing. @return the new name
  /// @throws IoError if there is one already: a shard that is bad twice is no accident, and another
  ///         copy would not end it
  std::filesystem::path quarantine(std::uint64_t i, std::string_view problem) const;

 private:
  [[nodiscard]] std::string notes(std::uint64_t i) const;
  /// Of a file with these notes.
  [[nodiscard]] State state_of(std::uint64_t i, const std::string& found) const;
  [[nodiscard]] std::string image(const Shard& shard) const;

  std::filesystem::path folder_;
  SweepSpec spec_;
  std::uint64_t hash_;
  std::uint64_t size_;
  std::uint64_t shards_;
  mutable io::Sealed sealed_;  // of the last shard read, for its memory
};

}  // namespace helmholtz
