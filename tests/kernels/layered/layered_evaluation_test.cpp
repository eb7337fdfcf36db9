// Evaluations of cuda-layered: what the bodies of its kernels gather, the bodies of the evaluation
// kernels evaluate to evaluate_machines' bits.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "kernels/evaluate/host_evaluator.hpp"
#include "kernels/layered/layered_host.hpp"
#include "support/expect_evaluated.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::LayeredHost;
using testing::random_ensemble;

/// Parameters of machines first to first+machines-1, [machine][parameter], a thread a parameter.
std::vector<float> gathered(const cuda::LayeredShape& shape, const float* parameters,
                            std::uint32_t first, std::uint32_t machines) {
  std::vector<float> out(machines * std::size_t{shape.parameters()});
  const cuda::GatherTask task{.shape = shape,
                              .parameters = parameters + first * shape.floats(),
                              .out = out.data(),
                              .machines = machines};
  testing::run_gather(task);
  return out;
}

class Gathering : public ::testing::TestWithParam<std::vector<int>> {};
INSTANTIATE_TEST_SUITE_P(Topologies, Gathering,
                         ::testing::Values(std::vector{1, 6, 9}, std::vector{1, 1},
                                           std::vector{1, 1, 1, 1}, std::vector{7, 1, 13},
                                           std::vector{5, 41, 70}, std::vector{33, 3, 31, 65}),
                         [](const auto& test) { return std::to_string(test.index); });

// Every float of the device's is another one, those between the rows too.
TEST_P(Gathering, IsUnpackingOfEveryMachine) {
  const auto& sizes = GetParam();
  const cuda::LayeredShape shape(sizes.data(), static_cast<int>(sizes.size()), 3);
  constexpr std::uint32_t kMachines = 4;
  std::vector<float> device(kMachines * shape.floats());
  std::iota(device.begin(), device.end(), 1.0F);
  std::vector<float> unpacked(kMachines * std::size_t{shape.parameters()});
  for (std::uint32_t m = 0; m < kMachines; ++m) {
    cuda::unpack(shape, device.data() + m * shape.floats(),
                 unpacked.data() + m * std::size_t{shape.parameters()});
  }
  EXPECT_EQ(gathered(shape, device.data(), 0, kMachines), unpacked);
  const std::vector<float> last(unpacked.end() - shape.parameters(), unpacked.end());
  EXPECT_EQ(gathered(shape, device.data(), kMachines - 1, 1), last);
}

/// Gathers and evaluates all machines; compares with evaluate_machines().
void expect_same(const Ensemble& ensemble, const LayeredHost& device, std::uint64_t step) {
  constexpr std::uint64_t kSamples = 60;
  const auto& task = device.task();
  const auto parameters = gathered(task.shape, task.parameters, 0, task.machines);
  testing::HostEvaluator evaluator(ensemble, {parameters.data(), 1, task.shape.parameters()});
  testing::expect_evaluated(ensemble, 0, device.parameters(), step, kSamples,
                            evaluator.evaluate(step, kSamples));
}

TEST(LayeredEvaluation, HasTheBitsOfEvaluateMachines) {
  for (const auto& ensemble : {random_ensemble({1, 6, 9}, 1, 70), random_ensemble({1, 1, 1}, 5, 3),
                               random_ensemble({3, 7, 70}, 2, 4),
                               random_ensemble({12, 11, 33}, 1, 2)}) {  // too wide to enumerate
    LayeredHost device(ensemble, cuda::Math::fp32);
    device.train(0, 3);
    expect_same(ensemble, device, 3);
  }
}

// In the first step's sleep phase: the generative network is still sane.
TEST(LayeredEvaluation, FindsADivergedRecognitionNetwork) {
  auto ensemble = random_ensemble({2, 5, 12}, 4, 3);
  ensemble.settings.push_back(ensemble.settings[0]);
  ensemble.settings[1].rates = LearningRateOptions{
      .rate = 0.1,
      .generative = {},
      .recognition = 1e38,
      .per_layer = {}}.resolve(ensemble.topology);
  ensemble.machines[1].setting = 1;
  LayeredHost device(ensemble, cuda::Math::fp32);
  device.train(0, 1);
  const auto machine = device.parameters(1);
  const auto generative = std::span(machine).first(ensemble.topology.generative_parameters());
  EXPECT_FALSE(has_diverged(generative));
  EXPECT_TRUE(has_diverged(machine));
  expect_same(ensemble, device, 1);
}

}  // namespace
}  // namespace helmholtz
