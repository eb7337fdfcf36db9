#pragma once

namespace helmholtz::exact {

/// Inputs that an activity adds up before it starts a new partial sum.
inline constexpr int kChunk = 32;

}  // namespace helmholtz::exact
