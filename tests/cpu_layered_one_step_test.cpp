// One training step of cpu-layered from an injected state, against the same step in double and
// against the reference.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "backends/reference/machine.hpp"
#include "helmholtz/backend.hpp"
#include "support/double_draws.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::DoubleDraws;
using testing::kHalfUlp;
using testing::parameters_of;
using testing::probability_error;
using testing::random_ensemble;

/// The largest distance between two parameter vectors; NaN counts as infinite.
template <class A, class B>
double distance(const std::vector<A>& a, const std::vector<B>& b) {
  double largest = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double d = std::abs(static_cast<double>(a[k]) - static_cast<double>(b[k]));
    largest = d <= largest ? largest : std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  return largest;
}

struct OneStepCase {
  std::vector<int> layers;
  int batch;
  double scale;  // of the injected parameters
  int states;
};

void PrintTo(const OneStepCase& test, std::ostream* out) {
  *out << Topology(test.layers).to_string() << " batch " << test.batch;
}

class CpuLayeredOneStep : public ::testing::TestWithParam<OneStepCase> {};

// Without an uncertain draw the same units are sampled, so every parameter agrees within the
// rounding of its sums; a single flipped unit would show as a difference of about a rate.
TEST_P(CpuLayeredOneStep, AgreesWithDoubleAndWithTheReference) {
  const auto& test = GetParam();
  int uncertain = 0;
  int certain_states = 0;
  int flipped_states = 0;
  for (int state = 0; state < test.states; ++state) {
    auto ensemble = random_ensemble(test.layers, test.batch, 1, test.scale);
    ensemble.machines[0].seed += static_cast<std::uint64_t>(state);
    const std::uint64_t step = 0x4000'0000ULL + static_cast<std::uint64_t>(state);  // blocks > 2^32
    std::vector<float> start(ensemble.topology.parameters());
    initial_parameters(ensemble, 0, start);
    const double error = probability_error(ensemble.topology, start);

    const auto one_step = [&](std::string_view backend) {
      const auto trainer = make_trainer(backend, ensemble, {.threads = 2});
      trainer->write_parameters(0, 1, start);
      trainer->set_step(step);
      trainer->train(1);
      return parameters_of(*trainer, 0, 1);
    };
    const auto layered = one_step("cpu-layered");
    const auto reference = one_step("reference");
    std::vector<double> exact(start.begin(), start.end());
    DoubleDraws draws(ensemble.machines[0].seed, ensemble.topology, 2 * error);
    reference::Machine machine(ensemble, 0, draws, std::span(exact));
    machine.train_step(step);

    // Each of B deltas is off by `error`, their sum by B roundings of partial sums up to B; the
    // last addition rounds a parameter, of magnitude below 4.
    const double rate = 0.3 / test.batch;
    const double rows = test.batch;
    const double tolerance = rate * rows * (error + rows * kHalfUlp) + 4 * kHalfUlp;
    const bool agrees = distance(layered, exact) <= tolerance;
    uncertain += draws.uncertain();
    flipped_states += agrees ? 0 : 1;
    if (draws.uncertain() > 0) continue;
    ++certain_states;
    EXPECT_TRUE(distance(layered, exact) <= tolerance)
        << "state " << state << ": " << distance(layered, exact) << " > " << tolerance;
    EXPECT_TRUE(distance(layered, reference) <= 2 * tolerance)
        << "state " << state << ": " << distance(layered, reference) << " > " << 2 * tolerance;
  }
  fmt::print("{} uncertain draws; {} of {} states without any; {} states with a flipped unit\n",
             uncertain, certain_states, test.states, flipped_states);
  EXPECT_GE(certain_states, 1 + test.states / 4);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CpuLayeredOneStep,
    ::testing::Values(OneStepCase{{1, 6, 9}, 1, 1.0, 20}, OneStepCase{{3, 2}, 1, 1.0, 20},
                      OneStepCase{{1, 1, 1, 1}, 5, 1.0, 20}, OneStepCase{{5, 40, 70}, 1, 0.3, 20},
                      OneStepCase{{5, 40, 70}, 31, 0.3, 20},
                      OneStepCase{{8, 16, 32, 64}, 33, 0.3, 10},
                      OneStepCase{{130, 257}, 1, 0.02, 20},
                      OneStepCase{{3, 140, 150}, 145, 0.03, 8},
                      OneStepCase{{3, 2}, 385, 1.0, 8}),  // the last tile has one row
    [](const auto& test) { return fmt::format("{}_batch{}", test.index, test.param.batch); });

}  // namespace
}  // namespace helmholtz
