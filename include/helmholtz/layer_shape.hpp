#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/contract.hpp"

namespace helmholtz {

/// Where one layer's parameters lie in a machine's parameter vector, in floats.
/// Weights are row-major [outputs x inputs]; the top generative layer has no inputs, only biases.
struct LayerView {
  static constexpr bool kStatic = false;  ///< known at run time (step/static_shape.hpp: earlier)
  std::uint32_t weights = 0;              ///< offset of W[0][0]
  std::uint32_t bias = 0;                 ///< offset of b[0]
  int outputs = 0;
  int inputs = 0;
};

/// Where every layer's units and parameters lie, as plain data that kernels take by value. The
/// order of parameters is Topology's.
class LayerShape {
 public:
  static constexpr bool kStatic = false;

  constexpr LayerShape() = default;
  /// @param sizes  [layers], top first: 2 to kMaxLayers of them
  constexpr LayerShape(const int* sizes, int layers) : last_(layers - 1) {
    std::uint32_t offset = 0;
    for (int l = 0; l <= last_; ++l) {
      unit_offset_[l + 1] = unit_offset_[l] + sizes[l];
      mask_offset_[l + 1] = mask_offset_[l] + (sizes[l] + 31) / 32;
      generative_[l] = take(offset, sizes[l], l == 0 ? 0 : sizes[l - 1]);
    }
    generative_parameters_ = offset;
    for (int l = last_ - 1; l >= 0; --l) recognition_[l] = take(offset, sizes[l], sizes[l + 1]);
    parameters_ = offset;
  }

  /// L, the index of the visible layer.
  [[nodiscard]] constexpr int last() const { return last_; }
  [[nodiscard]] constexpr int size(int l) const { return generative_[l].outputs; }
  [[nodiscard]] constexpr int units() const { return unit_offset_[last_ + 1]; }
  [[nodiscard]] constexpr int hidden_units() const { return unit_offset_[last_]; }
  /// Units before layer l; l = L + 1: all units.
  [[nodiscard]] constexpr int unit_offset(int l) const { return unit_offset_[l]; }
  /// 32-bit words of unit states, one bit per unit, before layer l; l = L + 1: all words.
  [[nodiscard]] constexpr int mask_offset(int l) const { return mask_offset_[l]; }
  [[nodiscard]] constexpr int mask_words() const { return mask_offset_[last_ + 1]; }

  /// Generative layer l in 0..L: P(s_l | s_{l-1}).
  [[nodiscard]] constexpr const LayerView& generative(int l) const { return generative_[l]; }
  /// Recognition layer l in 0..L-1: P(s_l | s_{l+1}).
  [[nodiscard]] constexpr const LayerView& recognition(int l) const { return recognition_[l]; }
  [[nodiscard]] constexpr std::size_t generative_parameters() const {
    return generative_parameters_;
  }
  [[nodiscard]] constexpr std::size_t parameters() const { return parameters_; }

  /// Whether the hidden states are few enough to be enumerated.
  [[nodiscard]] constexpr bool is_enumerable() const {
    for (int l = 0; l < last_; ++l) {
      if ((l == 0 ? 0 : size(l - 1)) + size(l) > kMaxExactUnits) return false;
    }
    return true;
  }

 private:
  /// Lays a layer's weights and biases behind the parameters so far.
  static constexpr LayerView take(std::uint32_t& offset, int outputs, int inputs) {
    LayerView view;
    view.weights = offset;
    view.bias = offset + static_cast<std::uint32_t>(outputs) * static_cast<std::uint32_t>(inputs);
    view.outputs = outputs;
    view.inputs = inputs;
    offset = view.bias + static_cast<std::uint32_t>(outputs);
    return view;
  }

  int last_ = 0;
  std::uint32_t generative_parameters_ = 0;
  std::uint32_t parameters_ = 0;
  int unit_offset_[kMaxLayers + 1] = {};
  int mask_offset_[kMaxLayers + 1] = {};
  LayerView generative_[kMaxLayers] = {};
  LayerView recognition_[kMaxLayers - 1] = {};
};

}  // namespace helmholtz
