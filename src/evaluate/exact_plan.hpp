#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "evaluate/exact_plan_view.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz {

/// How a topology's machines are evaluated exactly against a world.
class ExactPlan {
 public:
  /// @throws InvalidArgument (field "layers") unless exact_is_feasible(topology)
  ExactPlan(const Topology& topology, const World& world);

  [[nodiscard]] ExactPlanView view() const;
  /// Elements that ExactMemory takes. At most about 2^20 beside the widest layer's activities.
  [[nodiscard]] std::size_t memory_elements() const noexcept { return sizes_.total(); }
  /// The parts of `memory`, an array of memory_elements() elements of `lanes` doubles.
  [[nodiscard]] ExactMemory carve(double* memory, std::size_t lanes) const noexcept {
    return sizes_.carve(memory, lanes);
  }

  [[nodiscard]] std::size_t patterns() const noexcept { return probabilities_.size(); }

 private:
  void list_pattern_units(const World& world);

  std::vector<LayerView> layers_;
  std::vector<std::size_t> pattern_begin_;
  std::vector<std::uint32_t> pattern_units_;
  std::vector<double> probabilities_;
  std::vector<double> log_probabilities_;
  ExactSizes sizes_;
};

}  // namespace helmholtz
