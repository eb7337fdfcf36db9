#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz::testing {

/// Parameters uniform in [-scale, scale), [machines x parameters()], the same on every platform.
inline std::vector<float> random_parameters(const Topology& topology, std::size_t machines,
                                            float scale, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> parameters(machines * topology.parameters());
  for (auto& w : parameters) {
    w = scale * (static_cast<float>(engine() >> 8U) * 0x1p-23F - 1.0F);
  }
  return parameters;
}

/// A world of `patterns` random patterns (fewer if two coincide) with weights 1, 2, 3, …
inline World random_world(int visible_units, std::size_t patterns, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<WeightedPattern> list(patterns);
  for (std::size_t k = 0; k < patterns; ++k) {
    list[k].weight = static_cast<double>(k + 1);
    for (int i = 0; i < visible_units; ++i) {
      list[k].bits.push_back(static_cast<std::uint8_t>(engine() >> 31U));
    }
  }
  return {"random", {.rows = 1, .columns = visible_units}, list};
}

/// Every pattern of the visible units, all alike; pattern k has unit i on where bit i of k is 1.
inline World all_patterns(int visible_units) {
  std::vector<WeightedPattern> list(std::size_t{1} << static_cast<unsigned>(visible_units));
  for (std::size_t k = 0; k < list.size(); ++k) {
    for (int i = 0; i < visible_units; ++i) {
      list[k].bits.push_back(static_cast<std::uint8_t>((k >> static_cast<unsigned>(i)) & 1U));
    }
  }
  return {"all", {.rows = 1, .columns = visible_units}, list};
}

}  // namespace helmholtz::testing
