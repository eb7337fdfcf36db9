// The bodies of the evaluation kernels, compiled for the host, give evaluate_machines' bits.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <vector>

#include "helmholtz/trainer.hpp"
#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/evaluate/host_evaluator.hpp"
#include "kernels/runtime/double_ops.hpp"
#include "support/expect_evaluated.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::parameters_of;
using testing::random_ensemble;

/// Compares every machine after some steps, to the bit.
void expect_same(const Ensemble& ensemble, std::uint64_t steps, std::uint64_t samples,
                 std::vector<float> parameters = {}) {
  auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 1});
  trainer.train(steps);
  if (parameters.empty()) parameters = parameters_of(trainer, 0, ensemble.size());
  // In the memory layout of cuda-fused.
  const auto each = ensemble.topology.parameters();
  const auto stride = ensemble.size() + 5;
  std::vector<float> columns(each * stride);
  for (std::size_t m = 0; m < ensemble.size(); ++m) {
    for (std::size_t k = 0; k < each; ++k) columns[k * stride + m] = parameters[m * each + k];
  }
  testing::HostEvaluator evaluator(ensemble, {columns.data(), stride, 1});
  testing::expect_evaluated(ensemble, 0, parameters, steps, samples,
                            evaluator.evaluate(steps, samples));
}

Ensemble of_world(const std::vector<int>& layers, const char* world, std::size_t machines) {
  auto ensemble = random_ensemble(layers, 1, machines);
  ensemble.world = make_world(world);
  return ensemble;
}

TEST(HostEvaluation, OfTheNotebooksMachines) {
  expect_same(of_world({1, 6, 9}, "kirby3x3", 70), 2'000, 300);
}

// A pattern index that is compared, one that is halved, patterns of two words; hidden layers too
// wide to enumerate.
TEST(HostEvaluation, OfOtherTopologiesAndWorlds) {
  expect_same(of_world({6, 9}, "kirby3x3", 2), 100, 100);
  expect_same(of_world({1, 8, 16}, "bars4x4", 3), 500, 200);
  expect_same(of_world({2, 4, 32}, "shifter", 2), 500, 200);
  expect_same(random_ensemble({1, 2, 3, 4, 5}, 1, 5), 100, 50);
  expect_same(random_ensemble({3, 7, 70}, 1, 4), 300, 400);
  expect_same(random_ensemble({12, 11, 33}, 1, 2), 30, 200);
}

TEST(HostEvaluation, OfUntrainedAndDivergedMachines) {
  const auto ensemble = of_world({1, 6, 9}, "kirby3x3", 4);
  expect_same(ensemble, 0, 10);
  const auto stride = ensemble.topology.parameters();
  std::vector<float> parameters(4 * stride, 0.25F);
  parameters[stride] = std::numeric_limits<float>::quiet_NaN();
  parameters[3 * stride - 1] = std::numeric_limits<float>::infinity();
  parameters[3 * stride + 5] = -2e6F;
  expect_same(ensemble, 0, 10, parameters);
}

// One pattern, of which the models are all but sure: rounding takes sums below zero.
TEST(HostEvaluation, OfMachinesWithoutAKl) {
  auto ensemble = random_ensemble({3, 8, 1}, 1, 60, 1.0);
  ensemble.world = World("one", {.rows = 1, .columns = 1}, {{.bits = {1}}});
  ensemble.settings[0].initialisation = Initialisation::parse("normal:1+visible-bias:100");
  expect_same(ensemble, 10, 20);
}

TEST(ExactKl, RaisesToZeroOnlyWhatRoundingLowered) {
  using Ops = cuda::DoubleOps<1>;
  const LayerView layers[] = {{.weights = 0, .bias = 0, .outputs = 1, .inputs = 0},
                              {.weights = 1, .bias = 2, .outputs = 1, .inputs = 1}};
  const double one = 1;
  const double zero = 0;
  const ExactPlanView plan{.layers = layers,
                           .last = 1,
                           .patterns = 1,
                           .pattern_begin = nullptr,
                           .pattern_units = nullptr,
                           .probabilities = &one,
                           .log_probabilities = &zero};
  const double parameters[] = {1, -2, 3};
  // M = 2 units + 6, K = 1 pattern, S = 1 + 2 states.
  const double rounding = 20 * 0x1p-53 * (3 * 8 + 3);
  EXPECT_EQ(cuda::kl_rounding<Ops>(plan, parameters), rounding);
  const auto kl = [&](double log_q) { return cuda::exact_kl<Ops>(plan, parameters, &log_q); };
  EXPECT_EQ(kl(rounding), 0);
  EXPECT_FALSE(std::signbit(kl(rounding)));
  EXPECT_EQ(kl(2 * rounding), -2 * rounding);
  EXPECT_EQ(kl(1e-6), -1e-6);
  EXPECT_EQ(kl(-1e-300), 1e-300);
  EXPECT_TRUE(std::isnan(kl(std::numeric_limits<double>::quiet_NaN())));
}

TEST(HostEvaluation, OfRandomEnsembles) {
  const bool held = rc::check("the kernels' evaluations are evaluate_machines'", [] {
    const auto layers =
        *rc::gen::container<std::vector<int>>(*rc::gen::inRange(2, 5), rc::gen::inRange(1, 11));
    auto ensemble = random_ensemble(layers, 1, *rc::gen::inRange<std::size_t>(1, 6), 2);
    for (auto& machine : ensemble.machines) machine.seed = *rc::gen::arbitrary<std::uint64_t>();
    expect_same(ensemble, *rc::gen::inRange<std::uint64_t>(0, 50), 40);
    RC_ASSERT(!::testing::Test::HasFailure());
  });
  EXPECT_TRUE(held);
}

// Machines 3 to 8 of a share whose chunks are of four.
TEST(EvaluationPlan, EachChunkHasItsPartOfWhatIsWanted) {
  struct Chunk {
    std::size_t first;
    std::size_t count;
  };
  std::uint8_t diverged[6];
  double kl[6];
  const helmholtz_evaluation wanted{.first = 3,
                                    .count = 6,
                                    .step = 7,
                                    .samples = 8,
                                    .kl_exact = kl,
                                    .kl_sampled = nullptr,
                                    .unseen = nullptr,
                                    .diverged = diverged,
                                    .stop_requested = nullptr,
                                    .stop_context = nullptr};
  struct Expected {
    std::uint64_t first, count;
    std::ptrdiff_t results;
  };
  constexpr Expected kParts[] = {{3, 1, 0}, {0, 4, 1}, {0, 1, 5}};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto part = cuda::part_of(Chunk{4 * c, 4}, wanted);
    EXPECT_EQ(part.first, kParts[c].first);
    EXPECT_EQ(part.count, kParts[c].count);
    EXPECT_EQ(part.diverged - diverged, kParts[c].results);
    EXPECT_EQ(part.kl_exact - kl, kParts[c].results);
    EXPECT_EQ(part.kl_sampled, nullptr);
    EXPECT_EQ(part.step, 7U);
  }
}

TEST(EvaluationPlan, SamplesFitIntoSharedMemory) {
  const cuda::DeviceLimits h200{.multiprocessors = 132, .shared_per_block = 227 * 1024};
  const auto plan = [&](const std::vector<int>& sizes, std::uint32_t machines,
                        std::uint32_t samples) {
    cuda::SampleTask task;
    task.shape = LayerShape(sizes.data(), static_cast<int>(sizes.size()));
    task.machines.count = machines;
    task.samples = samples;
    return cuda::plan_samples(task, h200);
  };
  const auto notebook = plan({1, 6, 9}, 1'000'000, 10'000);
  EXPECT_TRUE(notebook.registers);
  EXPECT_EQ(notebook.shared, 76 * sizeof(float));
  EXPECT_EQ(notebook.parts, 1U);
  EXPECT_GT(plan({1, 6, 9}, 1, 1'000'000'000).parts, 1'000U);
  const auto middle = plan({8, 16, 32, 64}, 10, 1'000);
  EXPECT_TRUE(middle.staged);
  EXPECT_EQ(middle.block, cuda::kSampleBlock);
  EXPECT_LE(middle.shared, h200.shared_per_block);
  const auto large = plan({10, 100, 200, 784}, 10, 1'000);
  EXPECT_FALSE(large.staged);
  EXPECT_EQ(large.block % 32, 0U);
  EXPECT_GE(large.block, 32U);
  EXPECT_LE(large.shared, h200.shared_per_block);
  EXPECT_EQ(plan({4000, 4000}, 1, 10).block, 0U);
}

// Where 16 KiB hold the counts beside the rest, and a block has as many samples as there are.
TEST(EvaluationPlan, BlocksCountInSharedMemoryWhereItPays) {
  const cuda::DeviceLimits h200{.multiprocessors = 132, .shared_per_block = 227 * 1024};
  const auto plan = [&](const std::vector<int>& sizes, std::uint32_t patterns,
                        std::uint32_t samples) {
    cuda::SampleTask task;
    task.shape = LayerShape(sizes.data(), static_cast<int>(sizes.size()));
    task.index.count = patterns;
    task.index.compared = patterns <= cuda::PatternIndex::kCompared;
    task.machines.count = 5'000;
    task.samples = samples;
    return cuda::plan_samples(task, h200);
  };
  EXPECT_FALSE(plan({1, 6, 9}, 16, 10'000).histogram);  // counted in registers
  EXPECT_TRUE(plan({1, 6, 9}, 17, 10'000).histogram);
  EXPECT_EQ(plan({1, 6, 9}, 17, 10'000).shared, (76 + 17) * sizeof(float));
  EXPECT_TRUE(plan({1, 8, 16}, 16, 10'000).histogram);
  EXPECT_TRUE(plan({1, 8, 16}, 4096, 10'000).histogram);
  EXPECT_FALSE(plan({1, 8, 16}, 4097, 10'000).histogram);
  EXPECT_FALSE(plan({1, 8, 16}, 4096, 4'095).histogram);
  EXPECT_FALSE(plan({16, 1800}, 20, 10'000).histogram);  // states fill it
}

TEST(EvaluationPlan, ExactGroupsFillTheDeviceOrTheMemory) {
  const cuda::DeviceLimits h200{.multiprocessors = 132, .shared_per_block = 227 * 1024};
  EXPECT_EQ(cuda::exact_groups(1'000, 1, h200, 1'000'000), 1U);
  EXPECT_EQ(cuda::exact_groups(1'000, 65, h200, 1'000'000), 2U);
  EXPECT_EQ(cuda::exact_groups(1'000, 1'000'000, h200, std::size_t{1} << 30), 132U * 16);
  EXPECT_EQ(cuda::exact_groups(1'000'000, 1'000'000, h200, 5'500'000), 5U);
  EXPECT_EQ(cuda::exact_groups(1'000'000, 1'000'000, h200, 999'999), 0U);
}

}  // namespace
}  // namespace helmholtz
