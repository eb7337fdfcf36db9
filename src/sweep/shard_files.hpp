#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "helmholtz/sweep.hpp"
#include "io/sealed_file.hpp"

namespace helmholtz {

inline constexpr io::SealKind kShardKind{.name = "shard", .schema = 1};

/// The shards of one sweep as files: shard i holds machines i * S to (i + 1) * S - 1 in
/// `shards/0000000i.h5`. A file is written once, whole or not at all; its bytes are a pure function
/// of the specification.
class ShardFiles {
 public:
  /// @param folder  of the run
  ShardFiles(const std::filesystem::path& folder, const SweepSpec& spec);

  [[nodiscard]] const SweepSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::uint64_t configuration_hash() const noexcept { return hash_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  [[nodiscard]] std::uint64_t shards() const noexcept { return shards_; }
  [[nodiscard]] std::uint64_t shard_of(std::uint64_t machine) const { return machine / size_; }
  [[nodiscard]] std::uint64_t first_machine(std::uint64_t i) const { return i * size_; }
  [[nodiscard]] std::uint64_t machines(std::uint64_t i) const;
  [[nodiscard]] std::filesystem::path path(std::uint64_t i) const;

  /// `shorter`: of the same sweep with fewer seeds, so it has to be trained again.
  enum class State { missing, shorter, done, bad };
  /// By the first bytes and the length alone. @throws IoError
  [[nodiscard]] State state(std::uint64_t i) const;

  /// The bytes of a shard's file.
  [[nodiscard]] std::string bytes(const Shard& shard) const;
  /// Under a lock on the shard. @return the bytes written @throws CannotCreate, IoError
  std::uint64_t write(const Shard& shard) const;
  /// Reads a shard and checks all of it: digest, sizes, seeds, configurations, ranges.
  /// @throws NoInput, BadData, IoError
  [[nodiscard]] Shard read(std::uint64_t i) const;
  /// Renames a file to NAME.bad-N, so that its shard counts as missing. @return the new name
  std::filesystem::path quarantine(std::uint64_t i) const;

 private:
  [[nodiscard]] std::string notes(std::uint64_t i) const;
  [[nodiscard]] std::string image(const Shard& shard) const;

  std::filesystem::path folder_;
  SweepSpec spec_;
  std::uint64_t hash_;
  std::uint64_t size_;
  std::uint64_t shards_;
};

}  // namespace helmholtz
