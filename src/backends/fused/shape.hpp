#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include "helmholtz/topology.hpp"

/// Layer sizes as the fused kernels see them: known when they are compiled, or only at run time.
namespace helmholtz::fused {

/// A layer whose offsets and sizes are constants.
template <LayerView view>
struct StaticLayer {
  static constexpr bool kStatic = true;
  static constexpr std::size_t weights = view.weights;
  static constexpr std::size_t bias = view.bias;
  static constexpr int outputs = view.outputs;
  static constexpr int inputs = view.inputs;
};

struct RuntimeLayer : LayerView {
  static constexpr bool kStatic = false;
};

template <int l>
using Index = std::integral_constant<int, l>;

/// A topology known at compile time, e.g. StaticShape<1, 6, 9>; the same offsets as Topology.
template <int... sizes>
class StaticShape {
 public:
  static constexpr bool kStatic = true;
  static constexpr std::array<int, sizeof...(sizes)> kSizes = {sizes...};
  static constexpr int kLast = static_cast<int>(kSizes.size()) - 1;
  static constexpr int kUnits = (sizes + ...);
  static constexpr int kHidden = kUnits - kSizes[kLast];

  static constexpr int last() { return kLast; }
  static constexpr int hidden_units() { return kHidden; }
  static constexpr int size(int l) { return kSizes[static_cast<std::size_t>(l)]; }
  static constexpr int unit_offset(int l) {
    int offset = 0;
    for (int k = 0; k < l; ++k) offset += size(k);
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

/// A topology known only at run time.
class RuntimeShape {
 public:
  static constexpr bool kStatic = false;

  explicit RuntimeShape(const Topology& topology) : topology_(&topology) {}

  [[nodiscard]] int last() const { return topology_->last(); }
  [[nodiscard]] int hidden_units() const { return topology_->hidden_units(); }
  [[nodiscard]] int size(int l) const { return topology_->size(l); }
  [[nodiscard]] int unit_offset(int l) const {
    int offset = 0;
    for (int k = 0; k < l; ++k) offset += size(k);
    return offset;
  }
  [[nodiscard]] std::size_t generative_parameters() const {
    return topology_->generative_parameters();
  }
  [[nodiscard]] std::size_t parameters() const { return topology_->parameters(); }
  [[nodiscard]] RuntimeLayer generative(int l) const { return {topology_->generative(l)}; }
  [[nodiscard]] RuntimeLayer recognition(int l) const { return {topology_->recognition(l)}; }

 private:
  const Topology* topology_;
};

}  // namespace helmholtz::fused
