// cuda-layered on a device: a graph of a step is the step, a machine is unchanged by its
// neighbours, an evaluation has the host's bits. Skipped by name where there is none, but for
// HELMHOLTZ_REQUIRE_BACKENDS.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "backends/cuda/plugin.hpp"
#include "helmholtz/error.hpp"
#include "step/factor_table.hpp"
#include "support/expect_evaluated.hpp"
#include "support/one_step.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::random_ensemble;

class LayeredDevice : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      plugin_ = plugin::Plugin::load();
      static_cast<void>(plugin_->devices());
      static_cast<void>(plugin_->cublas());
    } catch (const Error& error) {
      const char* const required = std::getenv("HELMHOLTZ_REQUIRE_BACKENDS");
      if (required != nullptr &&
          std::string_view(required).find("cuda-layered") != std::string_view::npos) {
        FAIL() << "cuda-layered is required: " << error.what();
      }
      GTEST_SKIP() << error.what();
    }
  }

  using Trainer = std::unique_ptr<helmholtz_trainer, void (*)(helmholtz_trainer*)>;

  [[nodiscard]] const helmholtz_plugin& functions() const { return plugin_->functions(); }

  /// After steps 0 to steps-1, from the initial parameters.
  [[nodiscard]] Trainer train(const Ensemble& ensemble, std::uint32_t steps, helmholtz_math math,
                              bool plain_launches) const {
    step::FactorTable factors(ensemble);
    factors.fill(0, steps);
    const plugin::EnsembleView view(ensemble, factors);
    const std::int32_t device = 0;
    const helmholtz_placement placement{.devices = &device,
                                        .device_count = 1,
                                        .strategy = HELMHOLTZ_LAYERED,
                                        .math = static_cast<std::uint32_t>(math),
                                        .plain_launches = plain_launches ? 1U : 0U};
    helmholtz_trainer* raw = nullptr;
    plugin::Plugin::call(functions().create, &view.get(), &placement, &raw);
    Trainer trainer(raw, functions().destroy);
    const auto each = ensemble.topology.parameters();
    std::vector<float> parameters(ensemble.size() * each);
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      initial_parameters(ensemble, m, std::span(parameters).subspan(m * each, each));
    }
    plugin::Plugin::call(functions().write, trainer.get(), 0, ensemble.size(), parameters.data());
    const helmholtz_steps all{.first = 0,
                              .count = steps,
                              .schedules = static_cast<std::uint32_t>(factors.schedules()),
                              .factors = factors.factors().data(),
                              .corrections = factors.corrections().data()};
    plugin::Plugin::call(functions().train, trainer.get(), &all);
    return trainer;
  }

  /// Parameters of machines [first, first + count), [count][parameters].
  [[nodiscard]] std::vector<float> read(const Trainer& trainer, const Ensemble& ensemble,
                                        std::size_t first, std::size_t count) const {
    std::vector<float> parameters(count * ensemble.topology.parameters());
    plugin::Plugin::call(functions().read, trainer.get(), first, count, parameters.data());
    return parameters;
  }

  /// Parameters of all machines after some steps.
  [[nodiscard]] std::vector<float> trained(const Ensemble& ensemble, std::uint32_t steps,
                                           helmholtz_math math, bool plain_launches) const {
    return read(train(ensemble, steps, math, plain_launches), ensemble, 0, ensemble.size());
  }

  std::shared_ptr<const plugin::Plugin> plugin_;
};

TEST_F(LayeredDevice, AGraphIsTheStepThatItWasMadeOf) {
  for (const auto math : {HELMHOLTZ_FP32, HELMHOLTZ_TF32, HELMHOLTZ_BF16X3}) {
    for (const int batch : {1, 33}) {
      auto ensemble = random_ensemble({5, 40, 70}, batch, 7);
      ensemble.nonnegative = true;
      ensemble.settings[0].schedule = Schedule::parse("inverse:0.01");
      EXPECT_EQ(trained(ensemble, 20, math, false), trained(ensemble, 20, math, true))
          << "math " << math << ", batch " << batch;
    }
  }
}

// Large machines, of which few fill a device, and small ones: cuBLAS recommends other algorithms
// for other numbers of machines.
TEST_F(LayeredDevice, AMachineIsUnchangedByItsNeighbours) {
  for (const auto math : {HELMHOLTZ_FP32, HELMHOLTZ_TF32, HELMHOLTZ_BF16X3}) {
    for (const auto& [layers, batch, machines] :
         {std::tuple(std::vector{10, 100, 200, 784}, 32, 3U),
          std::tuple(std::vector{8, 16, 32, 64}, 20, 70U)}) {
      const auto ensemble = random_ensemble(layers, batch, static_cast<int>(machines));
      const auto together = train(ensemble, 2, math, false);
      for (const auto m : {0U, machines / 2, machines - 1}) {
        auto alone = ensemble;
        alone.machines = {ensemble.machines[m]};
        EXPECT_EQ(trained(alone, 2, math, false), read(together, ensemble, m, 1))
            << ensemble.topology.to_string() << " math " << math << ", machine " << m;
      }
    }
  }
}

// Math of float32's accuracy is held to cpu-layered's tolerance; each state has a seed of its own.
TEST_F(LayeredDevice, OneStepAgreesWithDoubleAndWithTheReference) {
  for (const auto math : {HELMHOLTZ_FP32, HELMHOLTZ_BF16X3}) {
    int certain = 0;
    for (const auto& layers : {std::vector{1, 6, 9}, {5, 40, 70}, {3, 140, 150}}) {
      for (const int batch : {1, 33, 260}) {
        for (std::uint64_t state = 0; state < 4; ++state) {
          auto ensemble = random_ensemble(layers, batch, 1, 0.05);
          ensemble.machines[0].seed += state;
          std::vector<float> start(ensemble.topology.parameters());
          initial_parameters(ensemble, 0, start);
          const auto result = trained(ensemble, 1, math, false);
          const auto compared = testing::compare_one_step(ensemble, start, 0, result);
          if (compared.uncertain > 0) continue;
          ++certain;
          EXPECT_TRUE(compared.from_double <= compared.tolerance)
              << Topology(layers).to_string() << " batch " << batch << " math " << math << ": "
              << compared.from_double << " > " << compared.tolerance;
        }
      }
    }
    EXPECT_GE(certain, 18);
  }
}

// On the device, and not on the host in its place; all machines but the first three and the last.
TEST_F(LayeredDevice, EvaluatesToTheBitsOfEvaluateMachines) {
  constexpr std::uint32_t kSteps = 20;
  constexpr std::uint64_t kSamples = 500;
  for (const auto& layers : {std::vector{1, 6, 9}, {1, 1, 1}, {5, 40, 70}, {3, 7, 33}}) {
    const auto ensemble = random_ensemble(layers, 3, 70);
    const auto trainer = train(ensemble, kSteps, HELMHOLTZ_FP32, false);
    constexpr std::size_t kFirst = 3;
    const auto count = ensemble.size() - kFirst - 1;
    constexpr double kNotComputed = std::numeric_limits<double>::quiet_NaN();
    std::vector<double> kl_exact(count, kNotComputed);
    std::vector<double> kl_sampled(count, kNotComputed);
    std::vector<std::uint32_t> unseen(count);
    std::vector<std::uint8_t> diverged(count);
    const helmholtz_evaluation wanted{.first = kFirst,
                                      .count = count,
                                      .step = kSteps,
                                      .samples = kSamples,
                                      .kl_exact = kl_exact.data(),
                                      .kl_sampled = kl_sampled.data(),
                                      .unseen = unseen.data(),
                                      .diverged = diverged.data(),
                                      .stop_requested = nullptr,
                                      .stop_context = nullptr};
    helmholtz_error error{};
    ASSERT_EQ(functions().evaluate(trainer.get(), &wanted, &error), HELMHOLTZ_OK) << error.text;
    std::vector<Evaluation> got;
    for (std::size_t m = 0; m < count; ++m) {
      got.push_back({.kl_exact = kl_exact[m],
                     .kl_sampled = kl_sampled[m],
                     .unseen = diverged[m] == 0 ? unseen[m] : kNotComputed,
                     .diverged = diverged[m] != 0});
    }
    testing::expect_evaluated(ensemble, kFirst, read(trainer, ensemble, kFirst, count), kSteps,
                              kSamples, got);
  }
}

}  // namespace
}  // namespace helmholtz
