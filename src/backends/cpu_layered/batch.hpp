#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/cpu_layered/columns.hpp"
#include "backends/cpu_layered/kernels.hpp"
#include "backends/cpu_layered/shown_patterns.hpp"
#include "base/aligned.hpp"
#include "base/matrix.hpp"
#include "helmholtz/ensemble.hpp"
#include "products/packed_units.hpp"
#include "products/weight_order.hpp"
#include "step/network.hpp"
#include "step/update.hpp"

namespace helmholtz::cpu_layered {

/// Floats of machine m's optimiser state, in the order of the parameters.
std::size_t state_floats(const Ensemble& ensemble, const products::WeightOrder& order,
                         std::size_t m);

/// Training steps, one machine at a time and a layer of the whole batch at a time.
///
/// Holds the units of one batch as bits, and [n_l x B K] floats per layer for their errors; whoever
/// trains several machines side by side needs one Batch per thread.
class Batch {
 public:
  /// @param ensemble  outlives the batch, as `order` does
  /// @param for_each  spreads the tiles of a layer over threads
  Batch(const Ensemble& ensemble, const products::WeightOrder& order, ForEach for_each);

  /// Step number `step` of machine m: a wake phase, then a sleep phase.
  /// @param parameters  [order.floats()]
  /// @param state       [state_floats(ensemble, order, m)]
  void train_step(std::size_t m, float* parameters, float* state, std::uint64_t step);

  static std::size_t bytes(const Ensemble& ensemble, const products::WeightOrder& order);

 private:
  /// One layer of the generative or the recognition network.
  struct Layer {
    int index = 0;   ///< l
    int inputs = 0;  ///< the layer that feeds it; kNoInputs for the generative layer 0
    products::LayerByInput view;
    int slot = 0;  ///< of its first unit's draw (random.hpp)
  };
  static constexpr int kNoInputs = -1;
  struct Step;

  [[nodiscard]] const std::vector<Layer>& layers(step::Network network) const {
    return network == step::Network::generative ? generative_ : recognition_;
  }

  /// work(tile) for each, one after the other or on several threads.
  template <class Work>
  void run(std::span<const Tile> tiles, const Work& work) {
    for_each_(tiles.size(), [&](std::size_t i) { work(tiles[i]); });
  }

  /// Whether columns are particles that errors are weighed by.
  [[nodiscard]] bool weighs() const;
  /// Whether a layer's inputs are the same for all particles of a batch row.
  [[nodiscard]] bool reads_patterns(const Layer& layer) const;
  [[nodiscard]] float* scores(const Tile& tile);

  void show_patterns();
  void show_patterns(const Columns& columns, const Tile& tile, products::PackedUnits& bits);
  void sample(const Layer& layer, const Tile& tile);
  void find_errors(const Layer& layer, const Tile& tile);
  /// Makes the particles' weights of their scores, which weigh all layers' errors then.
  void weigh_particles();
  void weigh_errors(step::Network network);
  /// All layers of a network move by their errors.
  void learn(step::Network network, const std::vector<double>& rates);
  /// The delta rule on a rectangle of the weights; the first column's tile also takes the biases.
  void learn(const Layer& layer, double rate, const Tile& tile);
  /// A rectangle of parameters from number `at` on moves by what add(weight, sum) adds to a sum of
  /// its shape: `weight` times the products of errors and inputs.
  template <class Add>
  void move(std::size_t at, const Matrix& shape, float rate, const Add& add);
  [[nodiscard]] kernels::TileDraws draws_of(std::uint64_t first_slot, const Tile& tile) const;
  /// Without bias.
  void activities(const Layer& layer, const Tile& tile, const Matrix& out);
  /// Of the layer that the patterns feed: once per batch row.
  void activities_of_patterns(const ConstMatrix& weights, Range columns, const Matrix& out);
  /// Points means_ at those that a network learns by in this phase.
  void choose_means(step::Network network);

  /// A rectangle of the values of layer tile.layer.
  [[nodiscard]] Matrix values(const Tile& tile);

  const Ensemble& ensemble_;
  const products::WeightOrder& order_;
  ForEach for_each_;
  std::vector<Layer> generative_;   ///< [L+1]
  std::vector<Layer> recognition_;  ///< [L]
  std::vector<Tile> generative_weight_tiles_;
  std::vector<Tile> recognition_weight_tiles_;
  Columns awake_;                            ///< of B K particles
  Columns asleep_;                           ///< of B dreams
  std::vector<products::PackedUnits> bits_;  ///< [L+1], the units
  /// [L+1][n_l x stride], of a phase that samples before it learns: what units are sampled from,
  /// and then their errors, unit - p, awake weighed.
  std::vector<Aligned<float>> values_;
  ShownPatterns shown_;
  // Where there are several particles:
  products::PackedUnits pattern_bits_{0, 0};  ///< the visible units of each batch row
  Aligned<float> scores_;    ///< [awake_.tiles()][kTileColumns], a tile's ln p - ln q
  Aligned<float> weights_;   ///< [B K]
  Aligned<float> gradient_;  ///< [order.floats()], where an optimiser keeps means

  // Of the step that runs.
  const Columns* columns_ = nullptr;  ///< of the phase
  float* parameters_ = nullptr;
  float* state_ = nullptr;        ///< of the optimiser
  float* means_ = nullptr;        ///< parameter k's mean of g is means_[k] …
  std::size_t means_stride_ = 0;  ///< … and its mean of g^2 is so far behind
  step::Update update_;
  std::uint64_t seed_ = 0;
  std::uint64_t first_block_ = 0;
  float factor_ = 1;
};

}  // namespace helmholtz::cpu_layered
