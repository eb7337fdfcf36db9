#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "helmholtz/trainer.hpp"

namespace helmholtz::testing {

/// Twenty random patterns with random weights.
inline World random_world(int units) {
  std::mt19937 engine(7);
  std::vector<WeightedPattern> patterns(20);
  for (auto& pattern : patterns) {
    for (int i = 0; i < units; ++i) pattern.bits.push_back(engine() % 2 == 0 ? 1 : 0);
    pattern.weight = static_cast<double>(1 + engine() % 8);
  }
  return {"random", {1, units}, patterns};
}

/// Machines with parameters ~ normal(0, scale^2) and rate 0.3 / batch, on random_world().
inline Ensemble random_ensemble(const std::vector<int>& layers, int batch, std::size_t machines,
                                double scale = 0.1) {
  Topology topology(layers);
  const LearningRateOptions rates{
      .rate = 0.3 / batch, .generative = {}, .recognition = {}, .per_layer = {}};
  Ensemble ensemble{.topology = topology,
                    .world = random_world(layers.back()),
                    .batch = batch,
                    .settings = {{.rates = rates.resolve(topology),
                                  .schedule = {},
                                  .initialisation = {.scale = scale}}},
                    .machines = {}};
  for (std::size_t m = 0; m < machines; ++m) {
    ensemble.machines.push_back({.seed = 0x123456789ULL * (m + 1), .setting = 0});
  }
  return ensemble;
}

/// [count x parameters()]
inline std::vector<float> parameters_of(const Trainer& trainer, std::size_t first,
                                        std::size_t count) {
  std::vector<float> parameters(count * trainer.ensemble().topology.parameters());
  trainer.read_parameters(first, count, parameters);
  return parameters;
}

}  // namespace helmholtz::testing
