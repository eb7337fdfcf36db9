#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include <hwy/aligned_allocator.h>

#include "evaluate/sample_simd.hpp"

namespace helmholtz {

/// Generates the samples of one machine after the other, a block at a time: its memory depends on
/// the topology alone.
class SampleGenerator {
 public:
  /// Keeps a reference to the topology.
  explicit SampleGenerator(const Topology& topology);

  /// Calls visit(samples, count) for successive blocks of samples [first, first + count) of the
  /// evaluation at `step`; a block's columns from `count` on are not among them.
  using Visit = std::function<void(const simd::PackedPatterns& samples, std::size_t count)>;
  void for_each_block(const float* parameters, std::uint64_t seed, std::uint64_t step,
                      std::uint64_t first, std::uint64_t count, const Visit& visit) const;

 private:
  const Topology& topology_;
  std::size_t lanes_;
  std::size_t words_per_pattern_;
  std::size_t block_;  ///< samples, a multiple of the lanes
  hwy::AlignedFreeUniquePtr<std::byte[]> scratch_;
  hwy::AlignedFreeUniquePtr<std::uint32_t[]> words_;
};

}  // namespace helmholtz
