#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <oneapi/tbb/cache_aligned_allocator.h>

#include "backends/cpu_layered/kernels.hpp"
#include "backends/cpu_layered/tiles.hpp"
#include "base/matrix.hpp"
#include "helmholtz/ensemble.hpp"
#include "step/network.hpp"
#include "step/update.hpp"

namespace helmholtz::cpu_layered {

using AlignedFloats = std::vector<float, tbb::cache_aligned_allocator<float>>;

/// Floats from one row of a matrix to the next: whole cache lines, and whole vectors.
constexpr std::size_t padded(std::size_t columns) { return (columns + 15) / 16 * 16; }

/// Floats from one machine's parameters to the next: whole cache lines, and a vector that starts at
/// any parameter stays with its machine.
inline std::size_t padded_parameters(const Topology& topology) {
  return padded(topology.parameters() + 15);
}

/// Calls body(i) for i in [0, count), each index once, on one thread or on several.
using ForEach = std::function<void(std::size_t, const std::function<void(std::size_t)>&)>;

/// Training steps, one machine at a time and a layer of the whole batch at a time.
///
/// Holds the units and the errors of one batch, [n_l x B] floats a layer each; whoever trains
/// several machines side by side needs one Batch a thread.
class Batch {
 public:
  /// @param ensemble  outlives the batch
  /// @param for_each  spreads the tiles of a layer over threads
  Batch(const Ensemble& ensemble, ForEach for_each);

  /// Step number `step` of machine m: a wake phase, then a sleep phase.
  /// @param parameters  may be read up to padded_parameters(topology)
  /// @param state       [optimizer_state_floats(ensemble, m)]
  void train_step(std::size_t m, float* parameters, float* state, std::uint64_t step);

  static std::size_t bytes(const Ensemble& ensemble);

 private:
  /// One layer of the generative or the recognition network.
  struct Layer {
    int index = 0;   ///< l
    int inputs = 0;  ///< the layer that feeds it; kNoInputs for the generative layer 0
    LayerView view;
    int slot = 0;  ///< of its first unit's draw (random.hpp)
  };
  static constexpr int kNoInputs = -1;
  struct Step;

  [[nodiscard]] const std::vector<Layer>& layers(step::Network network) const {
    return network == step::Network::generative ? generative_ : recognition_;
  }

  template <class Work>
  void run(std::span<const Tile> tiles, const Work& work);
  /// The tiles of units in layers first to last.
  [[nodiscard]] std::span<const Tile> units(int first, int last) const;

  void draw_patterns(const Tile& tile);
  void sample(const Layer& layer, const Tile& tile);
  void find_errors(const Layer& layer, const Tile& tile);
  /// The delta rule on a rectangle of the weights; the first column's tile also takes the biases.
  void learn(const Layer& layer, double rate, const Tile& tile);
  /// A rectangle of parameters from number `at` on moves by what add(weight, sum) adds to a sum of
  /// its shape: `weight` times the products of errors and inputs.
  template <class Add>
  void move(std::size_t at, const Matrix& shape, float rate, const Add& add);
  [[nodiscard]] kernels::TileDraws draws_of(std::uint64_t first_slot, const Tile& tile) const;
  /// Without bias.
  void activities(const Layer& layer, const Tile& tile, const Matrix& out);

  /// A rectangle of the units or errors of layer tile.layer.
  [[nodiscard]] Matrix part(AlignedFloats& layer, const Tile& tile) const;

  const Ensemble& ensemble_;
  ForEach for_each_;
  std::vector<Layer> generative_;             ///< [L+1]
  std::vector<Layer> recognition_;            ///< [L]
  std::vector<Tile> unit_tiles_;              ///< of [n_l x B], layer 0 first
  std::vector<std::size_t> first_unit_tile_;  ///< [L+2], where each layer's tiles start
  std::vector<Tile> generative_weight_tiles_;
  std::vector<Tile> recognition_weight_tiles_;
  std::size_t stride_;                 ///< from one unit to the next: padded(B), or 1
  AlignedFloats ones_;                 ///< [B]
  std::vector<AlignedFloats> units_;   ///< [L+1][n_l x stride], 0 or 1
  std::vector<AlignedFloats> errors_;  ///< [L+1][n_l x stride], unit - p
  AlignedFloats gradient_;             ///< [parameters], where an optimiser keeps means

  // Of the step that runs.
  float* parameters_ = nullptr;
  float* means_ = nullptr;  ///< [update_.means][parameters]
  step::Update update_;
  std::uint64_t seed_ = 0;
  std::uint64_t first_block_ = 0;
  float factor_ = 1;
};

}  // namespace helmholtz::cpu_layered
