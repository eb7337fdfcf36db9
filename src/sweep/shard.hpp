#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/paced.hpp"

namespace helmholtz {

/// What is learned once about the ensembles of one topology and batch.
struct EnsembleKind {
  std::string backend;
  Pace steps{1};
  Pace evaluations{16};  ///< machines
};

/// Trains one shard after the other.
class ShardTrainer {
 public:
  ShardTrainer(const SweepSpec& spec, PacedCallbacks callbacks);

  /// Machines first to first+count-1, from their start to their last evaluation.
  /// @return their rows by machine and step, or nothing after a stop request
  std::optional<std::vector<ResultRow>> train(std::uint64_t first, std::uint64_t count);

 private:
  using KindKey = std::pair<std::size_t, int>;  // topology, batch
  /// Machines of a shard that form one ensemble, as positions in the shard.
  using Members = std::vector<std::uint64_t>;

  [[nodiscard]] std::map<KindKey, Members> group(std::uint64_t first, std::uint64_t count) const;
  [[nodiscard]] Ensemble expand(std::uint64_t first, const Members& members) const;
  EnsembleKind& kind(const SweepConfiguration& configuration);
  bool train_group(std::uint64_t first, const Members& members, std::vector<ResultRow>& rows);

  const SweepSpec& spec_;
  PacedCallbacks callbacks_;
  std::map<KindKey, EnsembleKind> kinds_;
};

}  // namespace helmholtz
