#pragma once

#include <cstddef>

#include "kernels/runtime/portable.hpp"

/// Where the lanes of a group keep the weights that they own.
namespace helmholtz::cuda {

/// Weights in shared memory, each layer transposed, [input][output]: lanes read neighbouring banks.
struct SharedWeights {
  static constexpr bool kOneRow = false;
  float* base;
  /// Of output j and input i; i = inputs is the bias. `round` numbers the outputs of a lane.
  template <class Layer>
  HELMHOLTZ_DEVICE float& at(const Layer& layer, int /*lane*/, int /*round*/, int j, int i) const {
    return base[layer.weights + static_cast<std::size_t>(i * layer.outputs + j)];
  }
};

/// Weights of a static shape in the registers of the lane that owns their output: an array that no
/// index at run time may touch.
template <class Shape, class Group>
struct LaneWeights {
  static constexpr bool kOneRow = true;  ///< there is no room for a batch's deltas
  float* base;                           ///< [kSize] of this lane (the host: of every lane)

  /// Floats of a lane in the layers that lie before `end` in the order of Topology.
  static constexpr int size_before(std::size_t end) {
    int size = 0;
    std::size_t offset = 0;
    const auto count = [&](int outputs, int inputs) {
      const int rounds = (outputs + Group::lanes() - 1) / Group::lanes();
      if (offset < end) size += rounds * (inputs + 1);
      offset += static_cast<std::size_t>(outputs * (inputs + 1));
    };
    for (int l = 0; l <= Shape::kLast; ++l) count(Shape::size(l), l == 0 ? 0 : Shape::size(l - 1));
    for (int l = Shape::kLast - 1; l >= 0; --l) count(Shape::size(l), Shape::size(l + 1));
    return size;
  }
  static constexpr int kSize = size_before(Shape::parameters());

  template <class Layer>
  HELMHOLTZ_DEVICE float& at(const Layer&, int lane, int round, int /*j*/, int i) const {
    constexpr int kBegin = size_before(Layer::weights);
    return base[Group::slot(lane) * kSize + kBegin + round * (Layer::inputs + 1) + i];
  }
};

}  // namespace helmholtz::cuda
