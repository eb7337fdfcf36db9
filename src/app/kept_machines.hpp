#pragma once

#include <cstdint>
#include <span>

#include "helmholtz/sweep.hpp"

namespace helmholtz::app {

/// A machine of a shard whose parameters are kept.
struct KeptMachine {
  std::uint64_t number = 0;
  std::uint64_t seed = 0;
  std::uint64_t configuration = 0;
  bool diverged = false;              ///< at the last evaluation
  std::span<const float> parameters;  ///< of its topology
};

/// body(machine) for every machine that a shard keeps the parameters of.
template <class Body>
void for_each_kept(const SweepSpec& spec, const Shard& shard, const Body& body) {
  auto parameters = std::span(shard.parameters);
  for (const auto machine : shard.saved) {
    const auto k = machine - shard.first;
    const auto c = shard.configurations[k];
    const auto own = parameters.first(spec.topology(c).parameters());
    parameters = parameters.subspan(own.size());
    body(KeptMachine{.number = machine,
                     .seed = shard.seeds[k],
                     .configuration = c,
                     .diverged = shard.diverged[(k + 1) * shard.evaluations - 1] != 0,
                     .parameters = own});
  }
}

}  // namespace helmholtz::app
