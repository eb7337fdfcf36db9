// One training step of cpu-layered from an injected state, against the same step in double and
// against the reference.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/trainer.hpp"
#include "support/one_step.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::compare_one_step;
using testing::OneStepCase;
using testing::parameters_of;

class CpuLayeredOneStep : public ::testing::TestWithParam<OneStepCase> {};

TEST_P(CpuLayeredOneStep, AgreesWithDoubleAndWithTheReference) {
  const auto& test = GetParam();
  int uncertain = 0;
  int certain_states = 0;
  int flipped_states = 0;
  for (int state = 0; state < test.states; ++state) {
    auto ensemble = test.ensemble();
    ensemble.machines[0].seed += static_cast<std::uint64_t>(state);
    const auto step = testing::kLateStep + static_cast<std::uint64_t>(state);
    std::vector<float> start(ensemble.topology.parameters());
    initial_parameters(ensemble, 0, start);
    auto trainer = make_trainer(ensemble, {.backend = "cpu-layered", .threads = 2});
    trainer.write_parameters(0, 1, start);
    trainer.write_optimizer_state(0, testing::optimizer_state_under_way(ensemble));
    trainer.set_step(step);
    trainer.train(1);
    const auto compared = compare_one_step(ensemble, start, step, parameters_of(trainer, 0, 1));
    uncertain += compared.uncertain;
    flipped_states += compared.from_double <= compared.tolerance ? 0 : 1;
    if (compared.uncertain > 0) continue;
    ++certain_states;
    EXPECT_TRUE(compared.from_double <= compared.tolerance)
        << "state " << state << ": " << compared.from_double << " > " << compared.tolerance;
    EXPECT_TRUE(compared.from_reference <= 2 * compared.tolerance)
        << "state " << state << ": " << compared.from_reference << " > " << 2 * compared.tolerance;
  }
  fmt::print("{} uncertain draws; {} of {} states without any; {} states with a flipped unit\n",
             uncertain, certain_states, test.states, flipped_states);
  EXPECT_GE(certain_states, 1 + test.states / 4);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, CpuLayeredOneStep,
    ::testing::Values(
        OneStepCase{{1, 6, 9}, 1, 1.0, 20}, OneStepCase{{3, 2}, 1, 1.0, 20},
        OneStepCase{{1, 1, 1, 1}, 5, 1.0, 20}, OneStepCase{{5, 40, 70}, 1, 0.3, 20},
        OneStepCase{{5, 40, 70}, 31, 0.3, 20}, OneStepCase{{8, 16, 32, 64}, 33, 0.3, 10},
        OneStepCase{{130, 257}, 1, 0.02, 20}, OneStepCase{{3, 140, 150}, 145, 0.03, 8},
        OneStepCase{{3, 2}, 385, 1.0, 8},  // the last tile has one row
        OneStepCase{{5, 40, 70}, 1, 0.3, 20, "momentum:0.9"},
        OneStepCase{{3, 140, 150}, 45, 0.03, 8, "momentum:0.9"},
        OneStepCase{{1, 6, 9}, 1, 1.0, 20, "adam"}, OneStepCase{{5, 40, 70}, 31, 0.3, 20, "adam"},
        OneStepCase{{3, 140, 150}, 45, 0.03, 8, "adam:0.5,0.99,0.001"},
        OneStepCase{{1, 6, 9}, 1, 1.0, 20, "sgd", 1, true},
        OneStepCase{{1, 6, 9}, 1, 0.3, 20, "sgd", 10},
        OneStepCase{{3, 2}, 130, 0.3, 8, "sgd", 3, true},
        OneStepCase{{5, 40, 70}, 3, 0.1, 20, "sgd", 7, true},
        OneStepCase{{3, 140, 150}, 2, 0.03, 8, "sgd", 5, true},
        OneStepCase{{4, 9, 20}, 2, 0.3, 20, "momentum:0.9", 70, true},
        OneStepCase{{5, 10, 40}, 3, 0.1, 20, "adam", 7, true}),
    [](const auto& test) { return fmt::format("{}_batch{}", test.index, test.param.batch); });

}  // namespace
}  // namespace helmholtz
