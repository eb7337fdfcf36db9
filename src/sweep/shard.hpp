#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/paced.hpp"

namespace helmholtz {

/// What is learned once about the ensembles of one kind: SweepSpec::kinds().
struct EnsembleKind {
  TrainerOptions trainer;
  Pace steps{1};
  Pace evaluations{1};  ///< machines
};

/// Trains shards, several at a time where one alone would leave lanes or cores idle.
class ShardTrainer {
 public:
  ShardTrainer(const SweepSpec& spec, PacedCallbacks callbacks);

  /// Machines [first, first + count), from their initialisation to their last evaluation, in shards
  /// of `each` machines. @return nothing after a stop request
  std::optional<std::vector<Shard>> train(std::uint64_t first, std::uint64_t count,
                                          std::uint64_t each);
  /// Trainer::kernel() of all trainers so far, but empty ones.
  [[nodiscard]] const std::set<std::string>& kernels() const noexcept { return kernels_; }

 private:
  /// The numbers of machines that form one ensemble.
  using Members = std::vector<std::uint64_t>;

  /// By the number of their kind.
  [[nodiscard]] std::map<std::size_t, Members> group(std::uint64_t count) const;
  [[nodiscard]] Shard& shard_of(std::uint64_t machine) {
    return shards_[(machine - first_) / each_];
  }
  EnsembleKind& kind(std::size_t number);
  bool train_group(std::size_t number, const Members& members);
  /// Those of a trained ensemble whose parameters the spec wants kept, as positions in it.
  [[nodiscard]] std::vector<std::size_t> kept(const Members& members);
  void keep_parameters(const Trainer& trainer, const Members& members);

  const SweepSpec& spec_;
  PacedCallbacks callbacks_;
  std::map<std::size_t, EnsembleKind> kinds_;  // by number
  std::set<std::string> kernels_;
  // At present:
  std::uint64_t first_ = 0;
  std::uint64_t each_ = 1;
  std::vector<Shard> shards_;
  std::map<std::uint64_t, std::vector<float>> parameters_;  // kept ones, by machine
};

}  // namespace helmholtz
