#pragma once

#include <array>
#include <cstdint>

#include "helmholtz/contract.hpp"

namespace helmholtz {

/// Randomness is addressed, never consumed: Philox4x32-10 (Salmon et al. 2011) with
/// key = the machine's 64-bit seed, counter = (block low, block high, stream low, stream high).
/// This equals curand_init(seed, /*subsequence=*/stream, /*offset=*/4 * block), then curand4.
///
/// stream = purpose << 32 | row.
/// - training: row = b * K + k for particle k of batch row b; block = step * D/4 + slot/4,
///   word = slot % 4, D = draws_per_step().
///   Slots: the pattern, of particle 0; recognition units, layer L-1 first; generative units,
///   layer 0 first, of particle 0.
/// - initial_parameters: row 0; slot = the parameter's index.
/// - evaluation: row = the sample's number; block = step * E/4 + slot/4, E = draws_per_sample().
///   Slots: generative units, layer 0 first.
/// - importance: row = the particle; block = n * I/4 + slot/4 for data row n at every step, I =
///   the hidden units padded to 4. Slots: recognition units, layer L-1 first.
/// - bootstrap: seed 0, row = the replicate; slot = the group of values. Never a machine's.
/// - epoch_order: row 0; block = epoch * 6 + slot/4; slot = the round (step/epoch_order.hpp).
/// - binarisation: row 0; block = visit * ceil(units / 4) + slot/4; slot = the unit (draw_row).
///
/// A RandomStream is the key and the upper half of the counter: one sequence of blocks.
struct RandomStream {
  std::uint64_t seed = 0;
  RandomPurpose purpose = RandomPurpose::training;
  std::uint32_t row = 0;
};

/// Four 32-bit words at an address.
std::array<std::uint32_t, 4> random_block(const RandomStream& stream, std::uint64_t block);

/// The word of one slot when the slots start at `first_block`.
std::uint32_t random_word(const RandomStream& stream, std::uint64_t first_block,
                          std::uint64_t slot);

}  // namespace helmholtz
