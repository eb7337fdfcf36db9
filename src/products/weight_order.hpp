#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/matrix.hpp"
#include "helmholtz/layer_shape.hpp"
#include "products/tiles.hpp"

/// Parameters lie by output, weights [outputs x inputs], wherever anyone sees them; products take
/// weights by input.
namespace helmholtz::products {

/// Where a layer's parameters lie by input, in floats: weights [inputs x stride], then the biases.
/// Every row of weights and the biases fill whole cache lines, which vectors do not cross.
struct LayerByInput {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t weights = 0;
  std::size_t bias = 0;

  [[nodiscard]] std::size_t stride() const noexcept { return padded(outputs); }
};

/// The order by input of a machine's parameters, or of what an optimiser keeps for each of them.
/// What pads a row is never read as more than the end of a vector, and stays as it is.
class WeightOrder {
 public:
  explicit WeightOrder(const LayerShape& shape);

  /// Generative layer l in 0..L.
  [[nodiscard]] const LayerByInput& generative(int l) const {
    return layers_[static_cast<std::size_t>(l)].by_input;
  }
  /// Recognition layer l in 0..L-1.
  [[nodiscard]] const LayerByInput& recognition(int l) const {
    return layers_[generative_count_ + static_cast<std::size_t>(l)].by_input;
  }

  /// Of a machine: whole cache lines.
  [[nodiscard]] std::size_t floats() const noexcept { return floats_; }
  /// Of its recognition network, which comes last.
  [[nodiscard]] std::size_t recognition_floats() const noexcept {
    return floats_ - recognition_begin_.by_input;
  }

  /// The recognition network's parameters are taken from the first of them on.
  enum class Part { machine, recognition };
  void to_input(Part part, const float* by_output, float* by_input) const;
  void to_output(Part part, const float* by_input, float* by_output) const;

 private:
  struct Layer {
    LayerByInput by_input;
    LayerView by_output;
  };
  /// What comes before some layers' parameters, in floats.
  struct Begin {
    std::size_t by_input = 0;
    std::size_t by_output = 0;
  };

  void append(const LayerView& layer);
  [[nodiscard]] std::span<const Layer> layers(Part part) const {
    return std::span(layers_).subspan(part == Part::machine ? 0 : generative_count_);
  }
  [[nodiscard]] Begin begin(Part part) const {
    return part == Part::machine ? Begin{} : recognition_begin_;
  }

  std::vector<Layer> layers_;     ///< generative ones first
  std::size_t generative_count_;  ///< L+1
  std::size_t floats_ = 0;
  Begin recognition_begin_;
};

}  // namespace helmholtz::products
