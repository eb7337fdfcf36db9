#pragma once

#include <cstddef>

#include "helmholtz/layer_shape.hpp"
#include "step/network.hpp"

/// Layer sizes that a step knows when it is compiled. No more of the standard library than a
/// compiler for devices brings along.
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

/// A LayerShape of constants, e.g. StaticShape<1, 6, 9>. Whatever depends on l is computed by
/// folding: a device has no array of constants to look it up in.
template <int... sizes>
class StaticShape {
 public:
  static constexpr bool kStatic = true;
  static constexpr int kLast = static_cast<int>(sizeof...(sizes)) - 1;
  static constexpr int kUnits = (sizes + ...);

  /// The same at run time.
  static constexpr LayerShape shape() {
    constexpr int kSizes[] = {sizes...};
    return {kSizes, kLast + 1};
  }

  static constexpr int last() { return kLast; }
  static constexpr int units() { return kUnits; }
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
  static constexpr int mask_offset(int l) {
    int offset = 0;
    for (int k = 0; k < l; ++k) offset += (size(k) + 31) / 32;
    return offset;
  }
  static constexpr int mask_words() { return mask_offset(kLast + 1); }
  static constexpr std::size_t generative_parameters() { return kGenerativeParameters; }
  static constexpr std::size_t parameters() { return kParameters; }

  template <int l>
  static constexpr auto generative(Index<l>) {
    return StaticLayer<shape().generative(l)>();
  }
  template <int l>
  static constexpr auto recognition(Index<l>) {
    return StaticLayer<shape().recognition(l)>();
  }

 private:
  static constexpr std::size_t kGenerativeParameters = shape().generative_parameters();
  static constexpr std::size_t kParameters = shape().parameters();
};

template <int... sizes>
constexpr bool same_sizes(StaticShape<sizes...>, const LayerShape& shape) {
  int l = 0;
  return shape.last() + 1 == static_cast<int>(sizeof...(sizes)) &&
         ((shape.size(l++) == sizes) && ...);
}

/// body(StaticShape) for the one of `Shapes` that has these sizes.
/// @return false if there is none
template <class... Shapes, class Body>
bool with_static_shape(const LayerShape& shape, Body body) {
  const auto try_one = [&](auto candidate) {
    const bool same = same_sizes(candidate, shape);
    if (same) body(candidate);
    return same;
  };
  return (try_one(Shapes()) || ...);
}

}  // namespace helmholtz::step
