#pragma once

#include <cstdint>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// A number above 0 that training takes for 0 is another name for 0.
/// @throws InvalidArgument naming the field
void require_no_underflow(const SweepSpec& spec);

/// What SweepSpec::validate() does, also for a sweep that is resumed.
/// @param each  machines of a shard of its run directory; 0: the sweep is new. Only a new one is
///              refused for values that are equal in the arithmetic: an older version may
///              have made the directory.
/// @throws as SweepSpec::validate()
void validate(const SweepSpec& spec, std::uint64_t each);

}  // namespace helmholtz
