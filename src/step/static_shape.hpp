#pragma once

#include <cstddef>
#include <type_traits>

#include "helmholtz/layer_view.hpp"

/// Layer sizes that the fused kernels know when they are compiled. No more of the standard library
/// than a compiler for devices brings along.
namespace helmholtz::step {

/// A layer whose offsets and sizes are constants.
template <LayerView view>
struct StaticLayer {
  static constexpr bool kStatic = true;
  static constexpr std::size_t weights = view.weights;
  static constexpr std::size_t bias = view.bias;
  static constexpr int outputs = view.outputs;
  static constexpr int inputs = view.inputs;
};

template <int l>
using Index = std::integral_constant<int, l>;

/// A topology known at compile time, e.g. StaticShape<1, 6, 9>; the same offsets as Topology.
template <int... sizes>
class StaticShape {
 public:
  static constexpr bool kStatic = true;
  static constexpr int kLast = static_cast<int>(sizeof...(sizes)) - 1;
  static constexpr int kUnits = (sizes + ...);

  static constexpr int last() { return kLast; }
  static constexpr int hidden_units() { return kUnits - size(kLast); }
  static constexpr int size(int l) {
    int k = 0;
    int found = 0;
    ((found = k++ == l ? sizes : found), ...);
    return found;
  }
  static constexpr int unit_offset(int l) {
    int k = 0;
    int offset = 0;
    ((offset += k++ < l ? sizes : 0), ...);
    return offset;
  }
  static constexpr std::size_t generative_parameters() {
    return generative_view(kLast + 1).weights;
  }
  static constexpr std::size_t parameters() { return recognition_view(-1).weights; }

  template <int l>
  static constexpr auto generative(Index<l>) {
    return StaticLayer<generative_view(l)>();
  }
  template <int l>
  static constexpr auto recognition(Index<l>) {
    return StaticLayer<recognition_view(l)>();
  }

 private:
  static constexpr LayerView view(std::size_t offset, int outputs, int inputs) {
    const auto weights = static_cast<std::size_t>(outputs * inputs);
    return {.weights = offset, .bias = offset + weights, .outputs = outputs, .inputs = inputs};
  }
  /// Layer l, or one past the last: an empty layer at the end of the generative parameters.
  static constexpr LayerView generative_view(int l) {
    std::size_t offset = 0;
    for (int k = 0; k < l; ++k) {
      offset += static_cast<std::size_t>(size(k) * ((k == 0 ? 0 : size(k - 1)) + 1));
    }
    return l > kLast ? view(offset, 0, 0) : view(offset, size(l), l == 0 ? 0 : size(l - 1));
  }
  /// Layer l, or -1: an empty layer at the end of all parameters.
  static constexpr LayerView recognition_view(int l) {
    std::size_t offset = generative_view(kLast + 1).weights;
    for (int k = kLast - 1; k > l; --k) {
      offset += static_cast<std::size_t>(size(k) * (size(k + 1) + 1));
    }
    return l < 0 ? view(offset, 0, 0) : view(offset, size(l), size(l + 1));
  }
};

}  // namespace helmholtz::step
