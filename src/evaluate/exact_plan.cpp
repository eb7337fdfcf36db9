#include "evaluate/exact_plan.hpp"

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

bool exact_is_feasible(const Topology& topology) { return topology.shape().is_enumerable(); }

namespace {

std::vector<LayerView> generative_layers(const Topology& topology) {
  if (!exact_is_feasible(topology)) {
    throw InvalidArgument("layers", topology.to_string(),
                          fmt::format("at most {} units in a hidden layer and in two neighbouring "
                                      "hidden layers, for exact evaluation",
                                      kMaxExactUnits));
  }
  std::vector<LayerView> layers;
  for (int l = 0; l <= topology.last(); ++l) layers.push_back(topology.generative(l));
  return layers;
}

}  // namespace

ExactPlan::ExactPlan(const Topology& topology, const World& world)
    : layers_(generative_layers(topology)),
      probabilities_(world.probabilities().begin(), world.probabilities().end()),
      sizes_(layers_.data(), topology.last(), world.size()) {
  for (const double p : probabilities_) log_probabilities_.push_back(portable::log(p));
  list_pattern_units(world);
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

ExactPlanView ExactPlan::view() const {
  return {.layers = layers_.data(),
          .last = static_cast<int>(layers_.size()) - 1,
          .patterns = patterns(),
          .pattern_begin = pattern_begin_.data(),
          .pattern_units = pattern_units_.data(),
          .probabilities = probabilities_.data(),
          .log_probabilities = log_probabilities_.data()};
}

}  // namespace helmholtz
