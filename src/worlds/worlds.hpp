#pragma once

#include <string_view>

#include "helmholtz/world.hpp"

/// The worlds of the registry: one file each.
namespace helmholtz::worlds {

/// Vertical single and double columns of a 3x3 image, 2/18 each, and horizontal rows, 1/18 each
/// (Kirby 2006).
World kirby3x3();

}  // namespace helmholtz::worlds
