#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

/// What a machine trained on the world `shifter` knows of the shift (Dayan et al. 1995).
namespace helmholtz {

enum class ShiftDirection { left, right };

/// Which way the lower rows of pattern k are shifted; nothing where both ways look alike.
std::optional<ShiftDirection> shift_direction(const World& shifter, std::size_t k);

/// How often the direction follows from the top layer's state, when the recognition network looks
/// at the world's patterns: sum over top states of P(state, its more frequent direction), over
/// patterns that have a direction. 0.5: by chance; 1: it always shows it. Each pattern is
/// recognised 32 times, by draws of purpose evaluation at step 0.
/// @param parameters  [topology.parameters()], finite; at most 16 top units
double shift_accuracy(const Topology& topology, const World& shifter,
                      std::span<const float> parameters, std::uint64_t seed);

}  // namespace helmholtz
