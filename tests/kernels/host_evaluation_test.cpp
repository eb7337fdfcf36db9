// The bodies of the evaluation kernels, compiled for the host, give evaluate_machines' bits.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "backends/fused/factor_table.hpp"
#include "evaluation_plan.hpp"
#include "helmholtz/backend.hpp"
#include "helmholtz/evaluation.hpp"
#include "kernels/host_kernels.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::parameters_of;
using testing::random_ensemble;

/// Runs the kernels' bodies on the host, in the memory layout of cuda-fused.
class HostEvaluator {
 public:
  /// @param parameters  [machines][parameters]
  HostEvaluator(const Ensemble& ensemble, const std::vector<float>& parameters)
      : factors_(ensemble),
        view_(ensemble, factors_),
        shape_(view_.get().layer_sizes, static_cast<int>(view_.get().layers)),
        tables_(view_.get(), shape_),
        sizes_(tables_.layers.data(), cuda::exact_is_feasible(shape_) ? shape_.last() : -1,
               ensemble.world.size()),
        stride_(ensemble.size() + 5),
        columns_(shape_.parameters() * stride_) {
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      for (std::size_t k = 0; k < shape_.parameters(); ++k) {
        columns_[k * stride_ + m] = parameters[m * shape_.parameters() + k];
      }
    }
    input_.shape = shape_;
    input_.plan = {.layers = tables_.layers.data(),
                   .last = shape_.last(),
                   .patterns = ensemble.world.size(),
                   .pattern_begin = tables_.pattern_begin.data(),
                   .pattern_units = tables_.pattern_units.data(),
                   .probabilities = view_.get().probabilities,
                   .log_probabilities = view_.get().log_probabilities};
    input_.index = cuda::WorldTables::index(view_.get());
    input_.index.words = tables_.sorted_words.data();
    input_.index.order = tables_.order.data();
    input_.parameters = {columns_.data(), stride_, 1};
    input_.seeds = view_.get().seeds;
    input_.machines.count = static_cast<std::uint32_t>(ensemble.size());
  }

  [[nodiscard]] std::vector<Evaluation> evaluate(std::uint64_t step, std::uint64_t samples) {
    const auto machines = input_.machines.count;
    std::vector<double> kl_exact(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<double> kl_sampled(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<std::uint32_t> unseen(machines);
    std::vector<std::uint8_t> diverged(machines);
    const cuda::EvaluationResults results{kl_exact.data(), kl_sampled.data(), unseen.data(),
                                          diverged.data()};
    testing::run_find_diverged(input_.parameters, shape_.parameters(), machines, results);
    auto sane = input_;
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t m = 0; m < machines; ++m) {
      if (diverged[m] == 0) numbers.push_back(m);
    }
    sane.machines = {numbers.data(), 0, static_cast<std::uint32_t>(numbers.size())};
    if (cuda::exact_is_feasible(shape_)) evaluate_exactly(sane, results);
    if (samples > 0) evaluate_by_samples(sane, step, samples, results);
    std::vector<Evaluation> all;
    for (std::uint32_t m = 0; m < machines; ++m) {
      all.push_back({kl_exact[m], kl_sampled[m], unseen[m], diverged[m] != 0});
    }
    return all;
  }

 private:
  void evaluate_exactly(const cuda::EvaluationInput& input,
                        const cuda::EvaluationResults& results) {
    constexpr std::uint32_t kGroups = 2;
    std::vector<double> workspace(kGroups * cuda::group_doubles(shape_, sizes_));
    testing::run_exact(cuda::exact_task(input, sizes_, workspace.data(), kGroups, results));
  }

  /// In parts of three machines, samples in parts of a third, by every sampler that can.
  void evaluate_by_samples(const cuda::EvaluationInput& input, std::uint64_t step,
                           std::uint64_t samples, const cuda::EvaluationResults& results) {
    for (std::uint32_t first = 0; first < input.machines.count; first += 3) {
      auto some = input;
      some.machines = input.machines.part(first, 3);
      const auto counts = counted(some, step, samples, false);
      if (cuda::has_register_kernel(shape_)) {
        EXPECT_EQ(counted(some, step, samples, true), counts);
      }
      testing::run_counted(cuda::counted_task(some, samples, counts.data(), results));
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> counted(const cuda::EvaluationInput& some,
                                                   std::uint64_t step, std::uint64_t samples,
                                                   bool registers) const {
    std::vector<std::uint32_t> counts(some.machines.count * some.plan.patterns);
    auto task = cuda::sample_task(some, step, counts.data());
    const auto all = static_cast<std::uint32_t>(samples);
    for (; task.first_sample < all; task.first_sample += task.samples) {
      task.samples = std::min(all / 3 + 1, all - task.first_sample);
      testing::run_samples(task, {.registers = registers});
    }
    return counts;
  }

  fused::FactorTable factors_;
  plugin::EnsembleView view_;
  cuda::RuntimeShape shape_;
  cuda::WorldTables tables_;
  ExactSizes sizes_;
  std::size_t stride_;
  std::vector<float> columns_;
  cuda::EvaluationInput input_;
};

std::uint64_t bits(double x) { return std::isnan(x) ? 0 : std::bit_cast<std::uint64_t>(x); }

/// Compares every machine after some steps, to the bit.
void expect_same(const Ensemble& ensemble, std::uint64_t steps, std::uint64_t samples,
                 std::vector<float> parameters = {}) {
  const auto trainer = make_trainer("reference", ensemble, {.threads = 1});
  trainer->train(steps);
  if (parameters.empty()) parameters = parameters_of(*trainer, 0, ensemble.size());
  std::vector<Evaluation> expected(ensemble.size());
  evaluate_machines(ensemble, 0, parameters, steps, {.exact = true, .samples = samples}, expected);
  const auto got = HostEvaluator(ensemble, parameters).evaluate(steps, samples);
  const auto layers = ensemble.topology.to_string();
  for (std::size_t m = 0; m < ensemble.size(); ++m) {
    EXPECT_EQ(bits(got[m].kl_exact), bits(expected[m].kl_exact)) << layers << " machine " << m;
    EXPECT_EQ(bits(got[m].kl_sampled), bits(expected[m].kl_sampled)) << layers << " machine " << m;
    EXPECT_EQ(got[m].unseen, expected[m].unseen) << layers << " machine " << m;
    EXPECT_EQ(got[m].diverged, expected[m].diverged) << layers << " machine " << m;
  }
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

TEST(EvaluationPlan, SamplesFitIntoSharedMemory) {
  const cuda::DeviceLimits h200{.multiprocessors = 132, .shared_per_block = 227 * 1024};
  const auto plan = [&](const std::vector<int>& sizes, std::uint32_t machines,
                        std::uint32_t samples) {
    cuda::SampleTask task;
    task.shape = cuda::RuntimeShape(sizes.data(), static_cast<int>(sizes.size()));
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
