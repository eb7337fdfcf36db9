#pragma once

#include <cstddef>
#include <vector>

#include "helmholtz/topology.hpp"
#include "step/static_shape.hpp"

/// Layer sizes as the fused kernels see them: known when they are compiled, or only at run time.
namespace helmholtz::step {

/// Whether a topology has the sizes of a static shape.
template <int... sizes>
bool same_sizes(StaticShape<sizes...>, const Topology& topology) {
  return topology.layer_sizes() == std::vector<int>{sizes...};
}

struct RuntimeLayer : LayerView {
  static constexpr bool kStatic = false;
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

}  // namespace helmholtz::step
