#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/topology.hpp"

namespace helmholtz::simd {

/// One machine's generated samples at one evaluation.
struct GeneratorTask {
  const Topology* topology = nullptr;
  const float* parameters = nullptr;  ///< [topology.parameters()], finite
  std::uint64_t seed = 0;
  std::uint64_t first_block = 0;  ///< of the evaluation's step, see random.hpp
};

/// Patterns packed as in World, word w of pattern n at words[w * stride + n].
struct PackedPatterns {
  std::uint32_t* words = nullptr;  ///< aligned to 64 bytes
  std::size_t stride = 0;          ///< a multiple of sample_lanes()
};

/// Samples that are generated at once: the lanes of the chosen instruction set.
std::size_t sample_lanes();

/// Bytes of scratch that generate_samples takes.
std::size_t sample_scratch_bytes(const Topology& topology);

/// Generates the visible patterns of samples [first, first + out.stride).
/// @param scratch  [sample_scratch_bytes(*task.topology)], aligned to 64 bytes
void generate_samples(const GeneratorTask& task, std::uint32_t first, std::byte* scratch,
                      const PackedPatterns& out);

/// How many of samples [0, count) equal a pattern of one word.
std::size_t count_equal(const std::uint32_t* samples, std::size_t count, std::uint32_t pattern);

}  // namespace helmholtz::simd
