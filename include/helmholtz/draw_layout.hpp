#pragma once

#include "helmholtz/contract.hpp"

/// Which slot each draw of a training step takes (random.hpp), for host and device. A step: the
/// pattern; recognition units, layer L-1 first; generative units, layer 0 first. A generated
/// sample: generative units alone. A particle: recognition units alone. All are padded to whole
/// blocks. `Shape`: LayerShape or step::StaticShape.
namespace helmholtz::draws {

inline constexpr int kPattern = 0;

constexpr int blocks(int slots) { return (slots + Philox4x32::kWords - 1) / Philox4x32::kWords; }

/// The first unit of recognition layer l.
template <class Shape>
constexpr int recognition(const Shape& shape, int l) {
  return 1 + shape.hidden_units() - shape.unit_offset(l + 1);
}
/// The first unit of generative layer 0.
template <class Shape>
constexpr int dream(const Shape& shape) {
  return 1 + shape.hidden_units();
}
/// The first unit of generative layer l.
template <class Shape>
constexpr int generative(const Shape& shape, int l) {
  return dream(shape) + shape.unit_offset(l);
}
template <class Shape>
constexpr int blocks_per_step(const Shape& shape) {
  return blocks(dream(shape) + shape.units());
}
template <class Shape>
constexpr int blocks_per_sample(const Shape& shape) {
  return blocks(shape.units());
}
/// The first unit of recognition layer l, in a particle's draws.
template <class Shape>
constexpr int particle(const Shape& shape, int l) {
  return recognition(shape, l) - 1;
}
template <class Shape>
constexpr int blocks_per_particle(const Shape& shape) {
  return blocks(shape.hidden_units());
}
/// Words of the blocks of one row's wake or sleep phase, at most.
template <class Shape>
constexpr int words_per_phase(const Shape& shape) {
  return Philox4x32::kWords * blocks(shape.units() + Philox4x32::kWords - 1);
}

}  // namespace helmholtz::draws
