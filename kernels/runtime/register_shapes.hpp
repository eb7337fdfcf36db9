#pragma once

#include "helmholtz/layer_shape.hpp"
#include "step/static_shape.hpp"

namespace helmholtz::cuda {

/// body(StaticShape) for the topologies that ThreadRegisters is compiled for ahead of time: that of
/// Kirby's demonstration, and neighbours whose parameters fit in a thread's 255 registers.
/// @return false for others
template <class Body>
bool with_register_shape(const LayerShape& shape, Body body) {
  using step::StaticShape;
  return step::with_static_shape<StaticShape<1, 6, 9>, StaticShape<1, 4, 9>, StaticShape<1, 8, 9>,
                                 StaticShape<6, 9>>(shape, body);
}

/// Whether a topology is one of them.
inline bool has_register_kernel(const LayerShape& shape) {
  return with_register_shape(shape, [](auto) {});
}

}  // namespace helmholtz::cuda
