#pragma once

#include <cmath>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz::testing {

/// Two rates, five seeds, two evaluations.
inline SweepSpec two_configurations() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 6, 9})},
          .rates = {0.05, 0.1},
          .seeds = SeedSet::parse("0:5"),
          .steps = 20,
          .eval_every = 10};
}

/// Two of each of layers, rate, batch and start; three seeds, three evaluations, the last one off
/// the rhythm.
inline SweepSpec sixteen_configurations() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 6, 9}), Topology({2, 3, 9})},
          .rates = {0.05, 0.1},
          .batches = {1, 3},
          .schedules = {{}},
          .initialisations = {{}, Initialisation::parse("normal:0.1")},
          .seeds = SeedSet::parse("3,10:12"),
          .steps = 25,
          .eval_every = 10,
          .samples = 50};
}

/// Results of consecutive machines of a sweep. @param last_kl  machine by machine, at the last
/// evaluation; one nat more for each one before; NaN: diverged. The log-likelihood is its negative
inline Shard shard_of(const SweepSpec& spec, const std::vector<double>& last_kl,
                      std::uint64_t first = 0) {
  Shard shard(first, last_kl.size(), spec.evaluations(), spec.evaluation_options());
  for (std::uint64_t k = 0; k < last_kl.size(); ++k) {
    shard.seeds[k] = spec.machine(first + k).seed;
    shard.configurations[k] = static_cast<std::uint32_t>(spec.machine(first + k).configuration);
    for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
      const double kl = last_kl[k] + static_cast<double>(spec.evaluations() - 1 - e);
      const double unseen = std::isnan(kl) ? kl : 0;
      shard.set_evaluation(k, e,
                           {.kl_exact = kl,
                            .kl_sampled = kl,
                            .unseen = unseen,
                            .log_likelihood = -kl,
                            .diverged = std::isnan(kl)});
    }
  }
  return shard;
}

}  // namespace helmholtz::testing
