#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/sample_simd.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {

/// Counts how many generated samples equal each pattern of a world.
class PatternCounter {
 public:
  /// Keeps a reference to the world.
  explicit PatternCounter(const World& world);
  [[nodiscard]] const World& world() const noexcept { return world_; }

  /// Adds samples [0, count) to counts, one per pattern.
  void add(const simd::PackedPatterns& samples, std::size_t count,
           std::span<std::uint64_t> counts) const;

 private:
  void compare_all(const simd::PackedPatterns& samples, std::size_t count,
                   std::span<std::uint64_t> counts) const;
  void look_up_each(const simd::PackedPatterns& samples, std::size_t count,
                    std::span<std::uint64_t> counts) const;
  [[nodiscard]] std::span<const std::uint32_t> pattern(std::size_t k) const;

  const World& world_;
  std::vector<std::uint32_t> sorted_;  ///< the patterns' numbers by their words; empty: compare all
};

}  // namespace helmholtz
