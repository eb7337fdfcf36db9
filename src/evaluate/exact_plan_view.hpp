#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "helmholtz/layer_shape.hpp"

/// The exact evaluation's inputs and memory as plain pointers and counts, for every device.
namespace helmholtz {

/// What the exact evaluation reads besides the parameters: plain pointers and counts.
struct ExactPlanView {
  const LayerView* layers = nullptr;  ///< generative, top first
  int last = 0;                       ///< L
  std::size_t patterns = 0;           ///< K
  /// Pattern k's units that are 1, ascending: pattern_units[pattern_begin[k]] up to, not including,
  /// pattern_units[pattern_begin[k + 1]].
  const std::size_t* pattern_begin = nullptr;
  const std::uint32_t* pattern_units = nullptr;
  const double* probabilities = nullptr;      ///< [K] P
  const double* log_probabilities = nullptr;  ///< [K] ln P
};

/// Where the exact evaluation computes: arrays with one element per machine of the block.
struct ExactMemory {
  double* activities = nullptr;  ///< [largest inputs + 1][largest outputs]
  double* scores = nullptr;      ///< [largest hidden layer + 1]
  double* log_states[2] = {};    ///< ln P of every state of an even, of an odd hidden layer
  double* sums = nullptr;        ///< [targets of a layer]
  double* log_q = nullptr;       ///< [K] result: ln Q
};

/// Elements of ExactMemory's arrays.
struct ExactSizes {
  std::size_t activities = 0;
  std::size_t scores = 0;
  std::size_t log_states[2] = {0, 0};
  std::size_t sums = 0;
  std::size_t patterns = 0;

  /// @param layers  [last + 1], generative, top first
  ExactSizes(const LayerView* layers, int last, std::size_t world_patterns)
      : sums(world_patterns), patterns(world_patterns) {
    for (int l = 0; l <= last; ++l) {
      const auto outputs = static_cast<std::size_t>(layers[l].outputs);
      const auto depth = static_cast<std::size_t>(layers[l].inputs) + 1;
      activities = std::max(activities, depth * outputs);
      if (l == last) continue;
      const auto states = std::size_t{1} << outputs;
      log_states[l % 2] = std::max(log_states[l % 2], states);
      scores = std::max(scores, outputs + 1);
      if (l > 0) sums = std::max(sums, states);
    }
  }

  [[nodiscard]] std::size_t total() const noexcept {
    return activities + scores + log_states[0] + log_states[1] + sums + patterns;
  }

  /// The arrays in `memory`, which holds total() elements of `lanes` doubles.
  [[nodiscard]] ExactMemory carve(double* memory, std::size_t lanes) const noexcept {
    const auto take = [&](std::size_t elements) {
      double* const part = memory;
      memory += elements * lanes;
      return part;
    };
    ExactMemory parts;
    parts.activities = take(activities);
    parts.scores = take(scores);
    parts.log_states[0] = take(log_states[0]);
    parts.log_states[1] = take(log_states[1]);
    parts.sums = take(sums);
    parts.log_q = take(patterns);
    return parts;
  }
};

}  // namespace helmholtz
