#pragma once

#include "kernels/fused/fused_task.hpp"
#include "step/static_shape.hpp"

namespace helmholtz::cuda {

template <class... Shapes>
struct ShapeList {};

/// The topologies that ThreadRegisters is compiled for ahead of time: that of Kirby's
/// demonstration, and neighbours whose parameters fit in a thread's 255 registers.
using RegisterShapes = ShapeList<step::StaticShape<1, 6, 9>, step::StaticShape<1, 4, 9>,
                                 step::StaticShape<1, 8, 9>, step::StaticShape<6, 9>>;

/// body(StaticShape) for the shape of these sizes.
/// @return false if there is none
template <class Body, class... Shapes>
bool with_register_shape(const LayerShape& shape, Body body, ShapeList<Shapes...>) {
  const auto try_one = [&](auto candidate) {
    const bool same = step::same_sizes(candidate, shape);
    if (same) body(candidate);
    return same;
  };
  return (try_one(Shapes()) || ...);
}
template <class Body>
bool with_register_shape(const LayerShape& shape, Body body) {
  return with_register_shape(shape, body, RegisterShapes());
}

}  // namespace helmholtz::cuda
