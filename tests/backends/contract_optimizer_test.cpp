// What every backend that has optimisers with means promises of them.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "support/contract.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::Contract;
using testing::parameters_of;
using testing::random_ensemble;

/// Three machines, of which one has another beta.
Ensemble with_means(const char* optimizer, int batch, int particles = 1) {
  auto ensemble = random_ensemble({2, 9, 33}, batch, 3);
  auto& setting = ensemble.settings[0];
  setting.schedule = Schedule::parse("inverse:0.01");
  setting.optimizer = Optimizer::parse(optimizer);
  ensemble.particles = particles;
  if (particles > 1) setting.rates.recognition_wake.assign(2, 0.1 / batch);
  ensemble.settings.push_back(setting);
  ensemble.settings[1].optimizer.beta = 0.5;
  ensemble.machines[1].setting = 1;
  return ensemble;
}

class OptimizerContract : public Contract {
 protected:
  void SetUp() override {
    Contract::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (const auto allowed = find_backend(GetParam()).supports(with_means("adam", 1))) {
      GTEST_SKIP() << "allowed: " << *allowed;
    }
  }

  /// Those of the cases that the backend supports: each optimiser, odd batch sizes, particles.
  [[nodiscard]] std::vector<Ensemble> cases() const {
    std::vector<Ensemble> supported;
    for (const auto* const optimizer : {"momentum:0.9", "adam:0.9,0.99,1e-6"}) {
      for (const auto& ensemble : {with_means(optimizer, 1), with_means(optimizer, 31),
                                   with_means(optimizer, 33), with_means(optimizer, 5, 3)}) {
        if (!find_backend(GetParam()).supports(ensemble)) supported.push_back(ensemble);
      }
    }
    return supported;
  }
};

INSTANTIATE_TEST_SUITE_P(Backends, OptimizerContract, ::testing::ValuesIn(testing::every_backend()),
                         testing::backend_name);

// Each ten by a trainer of its own, which gets a machine's parameters, optimiser state and step.
TEST_P(OptimizerContract, HundredStepsAreTenTimesTen) {
  for (const auto& ensemble : cases()) {
    auto whole = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    whole.train(100);
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
    for (int i = 0; i < 10; ++i) {
      auto next = make_trainer(ensemble, {.backend = GetParam(), .threads = 2});
      next.write_parameters(0, 3, parameters_of(trainer, 0, 3));
      for (std::size_t m = 0; m < 3; ++m) {
        next.write_optimizer_state(m, trainer.optimizer_state(m));
      }
      next.set_step(trainer.step());
      next.train(10);
      trainer = std::move(next);
    }
    EXPECT_EQ(parameters_of(trainer, 0, 3), parameters_of(whole, 0, 3)) << ensemble.batch;
    for (std::size_t m = 0; m < 3; ++m) {
      EXPECT_EQ(trainer.optimizer_state(m), whole.optimizer_state(m)) << m;
    }
  }
}

TEST_P(OptimizerContract, AMachineIsUnchangedByItsNeighboursAndThreads) {
  for (const auto& ensemble : cases()) {
    const auto together = trained(ensemble, 20, 2);
    EXPECT_EQ(trained(ensemble, 20, 1), together);
    const auto stride = ensemble.topology.parameters();
    for (std::size_t m = 0; m < 3; ++m) {
      auto alone = ensemble;
      alone.machines = {ensemble.machines[m]};
      const auto* const begin = together.data() + m * stride;
      EXPECT_EQ(trained(alone, 20, 1), std::vector<float>(begin, begin + stride)) << m;
    }
  }
}

// The recognition network has means of its own for the wake phase: behind the others.
TEST_P(OptimizerContract, EachPhaseHasItsOwnMeans) {
  const auto ensemble = with_means("momentum:0.9", 2, 3);
  if (find_backend(GetParam()).supports(ensemble)) GTEST_SKIP() << "has no particles";
  auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = 1});
  trainer.train(3);
  const auto state = trainer.optimizer_state(0);
  const auto all = ensemble.topology.parameters();
  const auto generative = ensemble.topology.generative_parameters();
  ASSERT_EQ(state.size(), all + (all - generative));
  const auto& top = ensemble.topology.recognition(0);
  for (int j = 0; j < top.outputs; ++j) {
    const auto bias = top.bias + static_cast<std::size_t>(j);
    EXPECT_NE(state[bias], 0.0F);
    EXPECT_NE(state[all + bias - generative], 0.0F);
    EXPECT_NE(state[bias], state[all + bias - generative]);
  }
}

TEST_P(OptimizerContract, RefusesAStateOfAnotherSize) {
  auto trainer = make_trainer(random_ensemble({2, 5, 12}, 1, 3), {.backend = GetParam()});
  EXPECT_EQ(trainer.optimizer_state(2), std::vector<float>());
  EXPECT_NO_THROW(trainer.write_optimizer_state(2, {}));
  EXPECT_THROW(trainer.write_optimizer_state(2, std::vector<float>(1)), InvalidArgument);
  EXPECT_THROW(trainer.write_optimizer_state(3, {}), InvalidArgument);
  EXPECT_THROW(static_cast<void>(trainer.optimizer_state(3)), InvalidArgument);
}

TEST(Backends, CudaLayeredTakesOneKindOfOptimizer) {
  auto ensemble = with_means("adam", 1);
  EXPECT_EQ(find_backend("cuda-layered").supports(ensemble), std::nullopt);
  ensemble.settings[1].optimizer = {};
  const auto reason = find_backend("cuda-layered").supports(ensemble);
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("takes one kind"), std::string::npos);
  EXPECT_EQ(find_backend("cpu-layered").supports(ensemble), std::nullopt);
}

TEST(Auto, ChoosesABackendThatHasTheOptimizer) {
  auto ensemble = random_ensemble({1, 6, 9}, 1, 1);
  ensemble.settings[0].optimizer = Optimizer::parse("adam");
  EXPECT_EQ(choose_backend(ensemble), "cpu-layered");
  for (const char* const fused : {"cpu-fused", "cuda-fused"}) {
    const auto reason = find_backend(fused).supports(ensemble);
    ASSERT_TRUE(reason) << fused;
    EXPECT_TRUE(reason->starts_with("for optimizer adam:0.9,0.999,1e-08: reference, ")) << *reason;
  }
}

}  // namespace
}  // namespace helmholtz
