#include "evaluate/exact_plan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

bool exact_is_feasible(const Topology& topology) {
  for (int l = 0; l < topology.last(); ++l) {
    const int above = l == 0 ? 0 : topology.size(l - 1);
    if (above + topology.size(l) > kMaxExactUnits) return false;
  }
  return true;
}

ExactPlan::ExactPlan(const Topology& topology, const World& world)
    : probabilities_(world.probabilities().begin(), world.probabilities().end()) {
  if (!exact_is_feasible(topology)) {
    throw InvalidArgument("layers", topology.to_string(),
                          fmt::format("at most {} units in a hidden layer and in two neighbouring "
                                      "hidden layers, for exact evaluation",
                                      kMaxExactUnits));
  }
  for (int l = 0; l <= topology.last(); ++l) layers_.push_back(topology.generative(l));
  for (const double p : probabilities_) log_probabilities_.push_back(portable::log(p));
  list_pattern_units(world);
  measure(topology);
}

void ExactPlan::list_pattern_units(const World& world) {
  pattern_begin_.push_back(0);
  for (std::size_t k = 0; k < world.size(); ++k) {
    for (int unit = 0; unit < world.visible_units(); ++unit) {
      if (world.bit(k, unit)) pattern_units_.push_back(static_cast<std::uint32_t>(unit));
    }
    pattern_begin_.push_back(pattern_units_.size());
  }
}

void ExactPlan::measure(const Topology& topology) {
  for (int l = 0; l <= topology.last(); ++l) {
    const auto& layer = topology.generative(l);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const auto depth = static_cast<std::size_t>(layer.inputs) + 1;
    sizes_.activities = std::max(sizes_.activities, depth * outputs);
    if (l < topology.last()) {
      const auto states = std::size_t{1} << outputs;
      auto& own = sizes_.log_states[l % 2];
      own = std::max(own, states);
      sizes_.scores = std::max(sizes_.scores, outputs + 1);
      if (l > 0) sizes_.sums = std::max(sizes_.sums, states);
    }
  }
  sizes_.sums = std::max(sizes_.sums, patterns());
}

ExactPlanView ExactPlan::view() const {
  return {.layers = layers_.data(),
          .last = static_cast<int>(layers_.size()) - 1,
          .patterns = patterns(),
          .pattern_begin = pattern_begin_.data(),
          .pattern_units = pattern_units_.data(),
          .probabilities = probabilities_.data(),
          .log_probabilities = log_probabilities_.data()};
}

std::size_t ExactPlan::memory_elements() const {
  return sizes_.activities + sizes_.scores + sizes_.log_states[0] + sizes_.log_states[1] +
         sizes_.sums + patterns();
}

ExactMemory ExactPlan::carve(double* memory, std::size_t lanes) const {
  const auto take = [&](std::size_t elements) {
    double* const part = memory;
    memory += elements * lanes;
    return part;
  };
  ExactMemory parts;
  parts.activities = take(sizes_.activities);
  parts.scores = take(sizes_.scores);
  for (int parity = 0; parity < 2; ++parity) {
    parts.log_states[parity] = take(sizes_.log_states[parity]);
  }
  parts.sums = take(sizes_.sums);
  parts.log_q = take(patterns());
  return parts;
}

}  // namespace helmholtz
