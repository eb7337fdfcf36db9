#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "step/epoch_rows.hpp"

namespace helmholtz::cpu_layered {

/// Calls body(i) for i in [0, count), each index once, on one thread or on several.
using ForEach = std::function<void(std::size_t, const std::function<void(std::size_t)>&)>;

/// The patterns that the batch rows of a step show: patterns of the world drawn by its thresholds,
/// or the rows of an epoch; of grey rows, the bits that this visit draws.
class ShownPatterns {
 public:
  /// @param ensemble  outlives this
  explicit ShownPatterns(const Ensemble& ensemble);

  /// Those of step number `step` of the machine with that seed.
  void find(std::uint64_t seed, std::uint64_t step, const ForEach& for_each);

  /// Where in words() the pattern of each batch row begins, [B].
  [[nodiscard]] std::span<const std::uint32_t> starts() const noexcept { return starts_; }
  [[nodiscard]] std::span<const std::uint32_t> words() const noexcept;

  static std::size_t bytes(const Ensemble& ensemble);

 private:
  void find_in_epochs(std::uint64_t seed, std::uint64_t first_visit);
  void draw_grey_rows(std::uint64_t seed, std::uint64_t first_visit, const ForEach& for_each);

  const Ensemble& ensemble_;
  std::size_t batch_;
  std::vector<std::uint32_t> starts_;       ///< [B], and room for a whole vector
  std::vector<std::uint32_t> drawn_words_;  ///< [B x words_per_pattern], of grey rows
};

}  // namespace helmholtz::cpu_layered
