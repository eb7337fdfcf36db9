#pragma once

#include <type_traits>

#include "helmholtz/draw_layout.hpp"

/// The two networks of a machine. No more of the standard library than a compiler for devices
/// brings along.
namespace helmholtz::step {

enum class Network { generative, recognition };
using Generative = std::integral_constant<Network, Network::generative>;
using Recognition = std::integral_constant<Network, Network::recognition>;

template <int l>
using Index = std::integral_constant<int, l>;

/// Layer l of a network; `L` is int, or an Index where sizes are constants. `Shape`: LayerShape or
/// StaticShape.
template <Network n, class L>
struct NetworkLayer {
  static constexpr Network kNetwork = n;
  L l;

  /// The layer that feeds it; nothing feeds generative layer 0, which gets itself.
  [[nodiscard]] constexpr int source() const {
    if (n == Network::recognition) return l + 1;
    return l == 0 ? 0 : l - 1;
  }
  template <class Shape>
  [[nodiscard]] constexpr decltype(auto) view(const Shape& shape) const {
    if constexpr (n == Network::generative) {
      return shape.generative(l);
    } else {
      return shape.recognition(l);
    }
  }
  /// Of its first unit's draw, among its phase's draws: the wake phase's begin with the pattern.
  template <class Shape>
  [[nodiscard]] constexpr int slot(const Shape& shape) const {
    return n == Network::recognition ? draws::recognition(shape, l)
                                     : draws::generative(shape, l) - draws::dream(shape);
  }
  /// Its learning rate's place: generative layers 0 to L, then recognition layers 0 to L-1.
  template <class Shape>
  [[nodiscard]] constexpr int rate(const Shape& shape) const {
    return n == Network::generative ? int{l} : shape.last() + 1 + l;
  }
  /// The same in the wake phase of reweighted wake-sleep: the recognition network has other rates,
  /// which follow those.
  template <class Shape>
  [[nodiscard]] constexpr int wake_rate(const Shape& shape) const {
    return n == Network::generative ? int{l} : 2 * shape.last() + 1 + l;
  }
};

/// Errors that a particle of reweighted wake-sleep has: of the generative units, then of the
/// recognition ones.
template <class Shape>
constexpr int errors_per_particle(const Shape& shape) {
  return shape.units() + shape.hidden_units();
}

/// Where a layer's begin among them.
template <class Layer, class Shape>
constexpr int error_offset(const Layer& layer, const Shape& shape) {
  const int recognition = Layer::kNetwork == Network::recognition ? shape.units() : 0;
  return recognition + shape.unit_offset(layer.l);
}

/// Generative layer L, of the visible units.
template <class Shape>
constexpr auto visible_layer(const Shape& shape) {
  if constexpr (Shape::kStatic) {
    return NetworkLayer<Network::generative, Index<Shape::kLast>>{};
  } else {
    return NetworkLayer<Network::generative, int>{shape.last()};
  }
}

}  // namespace helmholtz::step
