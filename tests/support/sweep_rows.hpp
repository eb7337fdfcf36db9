#pragma once

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz::testing {

/// Keeps every row as raw bits, so that NaN compares too.
class Rows : public ShardSink {
 public:
  using Row = std::array<std::uint64_t, 9>;

  explicit Rows(SweepSpec spec) : spec_(std::move(spec)) {}

  void write(const Shard& shard) override {
    for (std::uint64_t k = 0; k < shard.machines(); ++k) {
      for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
        const auto evaluation = shard.evaluation(k, e);
        all.push_back({shard.first + k, shard.seeds[k], shard.configurations[k],
                       spec_.evaluation_step(e), std::bit_cast<std::uint64_t>(evaluation.kl_exact),
                       std::bit_cast<std::uint64_t>(evaluation.kl_sampled),
                       std::bit_cast<std::uint64_t>(evaluation.unseen),
                       evaluation.diverged ? 1U : 0U,
                       std::bit_cast<std::uint64_t>(evaluation.log_likelihood)});
      }
    }
    parameters.insert(parameters.end(), shard.parameters.begin(), shard.parameters.end());
    saved.insert(saved.end(), shard.saved.begin(), shard.saved.end());
    ++shards;
  }

  std::vector<Row> all;
  std::vector<float> parameters;
  std::vector<std::uint64_t> saved;
  int shards = 0;

 private:
  SweepSpec spec_;
};

/// Trains and evaluates all machines.
inline Rows run(const SweepSpec& spec, std::uint64_t shard_machines = 0) {
  Rows rows(spec);
  const std::array<ShardSink*, 1> sinks = {&rows};
  const auto outcome = run_sweep(spec, {.shard_machines = shard_machines}, sinks);
  EXPECT_EQ(outcome.machines, spec.machines());
  EXPECT_FALSE(outcome.stopped);
  EXPECT_EQ(outcome.machine_steps, static_cast<double>(spec.machines() * spec.steps));
  return rows;
}

}  // namespace helmholtz::testing
