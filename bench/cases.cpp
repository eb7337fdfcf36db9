#include "cases.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "helmholtz/random.hpp"

namespace helmholtz::bench {

namespace {

/// Patterns for the sizes that no named world has.
World random_world(int units) {
  constexpr std::uint32_t kPatterns = 256;
  std::vector<WeightedPattern> patterns(kPatterns);
  for (std::uint32_t k = 0; k < kPatterns; ++k) {
    for (int i = 0; i < units; ++i) {
      const auto word = random_word({.seed = 1, .row = k}, 0, static_cast<std::uint64_t>(i / 32));
      patterns[k].bits.push_back((word >> (i % 32)) & 1U);
    }
  }
  return {"random", {.rows = 1, .columns = units}, patterns};
}

World world_of_size(int units) {
  if (units == 9) return make_world("kirby3x3");
  if (units == 16) return make_world("bars4x4");
  return random_world(units);
}

/// About a MiB of parameters, in whole blocks of 16 machines.
std::size_t machines_for(const Topology& topology) {
  constexpr std::size_t kFloats = std::size_t{1} << 18;
  constexpr std::size_t kBlock = 16;
  return (kFloats / topology.parameters() / kBlock + 1) * kBlock;
}

}  // namespace

Case make_case(std::string_view layers, int batch) {
  const auto topology = Topology::parse(layers);
  return {.topology = topology, .batch = batch, .machines = machines_for(topology)};
}

std::vector<Case> training_cases() {
  std::vector<Case> cases;
  for (const auto* layers : {"1,6,9", "1,8,16", "8,16,32,64", "10,100,200,784"}) {
    for (const int batch : {1, 16, 256}) cases.push_back(make_case(layers, batch));
  }
  cases.push_back(make_case("1,6,9", 1));
  cases.back().particles = 5;
  return cases;
}

std::string LikelihoodCase::name() const {
  return fmt::format("{}/particles:{}", layers, particles);
}

std::vector<LikelihoodCase> likelihood_cases() {
  std::vector<LikelihoodCase> cases;
  for (const auto* layers : {"200,784", "200,200,200,784"}) {
    for (const std::size_t particles : {10U, 100U, 2400U}) cases.push_back({layers, particles});
  }
  return cases;
}

std::vector<Case> choice_cases() {
  std::vector<Case> cases;
  for (const auto* layers : {"1,6,9", "1,8,16", "4,8,16", "8,16,32", "4,16,32,32", "8,16,32,64",
                             "16,64,128", "16,128,128", "32,128,256", "10,100,200,784"}) {
    for (const int batch : {1, 4, 16, 64, 256}) {
      for (const std::size_t machines : {1U, 64U}) {
        cases.push_back(
            {.topology = Topology::parse(layers), .batch = batch, .machines = machines});
      }
    }
  }
  return cases;
}

Ensemble make_ensemble(const Case& c) {
  LearningRateOptions rates;
  if (c.particles > 1) rates.recognition_wake = rates.rate;
  Ensemble ensemble{.topology = c.topology,
                    .world = world_of_size(c.topology.visible_units()),
                    .batch = c.batch,
                    .particles = c.particles,
                    .reduction = BatchReduction::mean,
                    .settings = {{.rates = rates.resolve(c.topology),
                                  .schedule = {},
                                  .initialisation = Initialisation::parse("normal:0.1")}},
                    .machines = {}};
  for (std::size_t m = 0; m < c.machines; ++m) ensemble.machines.push_back({.seed = m});
  return ensemble;
}

std::vector<int> thread_counts() {
  const int most = limits::default_threads().count;
  std::vector<int> counts;
  for (int threads = 1; threads < most; threads *= 2) counts.push_back(threads);
  counts.push_back(most);
  return counts;
}

void abort_run(std::string_view benchmark, std::string_view problem) {
  fmt::print(stderr, "helmholtz_bench: {}: wrong result, not timed: {}\n", benchmark, problem);
  std::exit(1);
}

}  // namespace helmholtz::bench
