#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {

/// How the rows of a training batch combine: their deltas add up, or their mean is taken
/// (the same arithmetic with rate / batch).
enum class BatchReduction { sum, mean };

/// Which rows of a data set a step visits: any of them, drawn with replacement, or one epoch after
/// the other, each row once per epoch, in an order that the seed and the epoch decide.
enum class Order { iid, epochs };

/// Reads "iid" or "epochs". @throws InvalidArgument (field "order")
Order parse_order(std::string_view text);
std::string to_string(Order order);

/// One machine of an ensemble: a pure function of its seed, its hyperparameters and the world.
struct Machine {
  std::uint64_t seed = 0;
  std::uint32_t setting = 0;  ///< index into Ensemble::settings
};

/// Independent machines of one topology that train side by side.
struct Ensemble {
  static constexpr int kMaxBatch = 1'048'576;
  static constexpr int kMaxParticles = 4096;
  static_assert(std::uint64_t{kMaxBatch} * kMaxParticles <= std::uint64_t{1} << 32U,
                "rows of random streams (random.hpp) have 32 bits");

  Topology topology;
  World world;
  int batch = 1;      ///< B, rows per step
  int particles = 1;  ///< K, recognitions per row: reweighted wake-sleep if there are several
  Order order = Order::iid;
  BatchReduction reduction = BatchReduction::sum;
  bool nonnegative = false;  ///< keep W_L >= 0 after each update (and after initialisation)
  std::vector<Hyperparameters> settings = {};
  std::vector<Machine> machines = {};

  [[nodiscard]] std::size_t size() const noexcept { return machines.size(); }
  [[nodiscard]] const Hyperparameters& hyperparameters(std::size_t m) const {
    return settings[machines[m].setting];
  }

  /// An ensemble of machine m by itself; takes no longer for one of many.
  [[nodiscard]] Ensemble alone(std::size_t m) const;

  /// Whether the recognition network of a machine learns in the wake phase too.
  [[nodiscard]] bool recognition_learns_awake() const;

  /// @throws InvalidArgument (fields "layers", "batch", "particles", "order", "lr", "optimizer",
  ///         "machines") if the world's size is not the visible layer's, the batch or the particles
  ///         are out of range, an enumerable world is to be visited in epochs, a setting's rates do
  ///         not fit the topology or its optimiser is out of range, a machine has no setting, or
  ///         there is no machine
  void validate() const;
};

/// Machines of one topology and world that differ by their seed alone.
/// @throws what LearningRateOptions::resolve() throws
Ensemble make_ensemble(Topology topology, World world, std::span<const std::uint64_t> seeds,
                       const LearningRateOptions& rates = {});
/// Seeds [first, last), e.g. for make_ensemble.
std::vector<std::uint64_t> seed_range(std::uint64_t first, std::uint64_t last);

/// Floats of machine m's optimiser state: [Optimizer::means()][parameters()], the mean of g before
/// that of g^2, in the order of Topology; generative parameters' are of the wake phase, recognition
/// parameters' of the sleep phase. Where the recognition network learns awake too, behind them
/// [means()][recognition parameters] of the wake phase.
std::size_t optimizer_state_floats(const Ensemble& ensemble, std::size_t m);

/// The parameters of machine m before its first step. Fills [parameters()] floats.
void initial_parameters(const Ensemble& ensemble, std::size_t m, std::span<float> out);
/// Whether those are 0 for every machine, by its settings.
bool starts_at_zero(const Ensemble& ensemble);

/// XXH3-64 over the float32 little-endian parameters, in the order of Topology.
std::uint64_t parameters_digest(std::span<const float> parameters);

/// Whether a parameter is not finite or exceeds kDivergedMagnitude (contract.hpp).
bool has_diverged(std::span<const float> parameters);

}  // namespace helmholtz
