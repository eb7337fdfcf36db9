#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

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

/// Where the exact evaluation computes: arrays with one element a machine of the block.
struct ExactMemory {
  double* activities = nullptr;  ///< [largest inputs + 1][largest outputs]
  double* scores = nullptr;      ///< [largest hidden layer + 1]
  double* log_states[2] = {};    ///< ln P of every state of an even, of an odd hidden layer
  double* sums = nullptr;        ///< [targets of a layer]
  double* log_q = nullptr;       ///< [K] result: ln Q
};

/// How a topology's machines are evaluated exactly against a world.
class ExactPlan {
 public:
  /// @throws InvalidArgument (field "layers") unless exact_is_feasible(topology)
  ExactPlan(const Topology& topology, const World& world);

  [[nodiscard]] ExactPlanView view() const;
  /// Elements that ExactMemory takes. At most about 2^20 beside the widest layer's activities.
  [[nodiscard]] std::size_t memory_elements() const;
  /// The parts of `memory`, an array of memory_elements() elements of `lanes` doubles.
  [[nodiscard]] ExactMemory carve(double* memory, std::size_t lanes) const;

  [[nodiscard]] std::size_t patterns() const noexcept { return probabilities_.size(); }

 private:
  struct Sizes {
    std::size_t activities = 0;
    std::size_t scores = 0;
    std::size_t log_states[2] = {0, 0};
    std::size_t sums = 0;
  };

  void list_pattern_units(const World& world);
  void measure(const Topology& topology);

  std::vector<LayerView> layers_;
  std::vector<std::size_t> pattern_begin_;
  std::vector<std::uint32_t> pattern_units_;
  std::vector<double> probabilities_;
  std::vector<double> log_probabilities_;
  Sizes sizes_;
};

}  // namespace helmholtz
