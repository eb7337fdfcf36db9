#pragma once

#include <cstddef>

#include "evaluate/exact_plan_view.hpp"

namespace helmholtz::simd {

/// Machines that exact_block evaluates at once: the lanes of the chosen instruction set.
std::size_t exact_lanes();

/// exact_log_q and exact_kl of exact_layers.inl for a block of exact_lanes() machines.
/// @param parameters  [generative parameters][exact_lanes()], aligned to 64 bytes
/// @param memory      aligned to 64 bytes
/// @param kl          [exact_lanes()], nats, aligned to 64 bytes
void exact_block(const ExactPlanView& plan, const double* parameters, const ExactMemory& memory,
                 double* kl);

}  // namespace helmholtz::simd
