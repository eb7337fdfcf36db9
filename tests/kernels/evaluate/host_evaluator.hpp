#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "helmholtz/evaluation.hpp"
#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/host_kernels.hpp"
#include "kernels/runtime/register_shapes.hpp"
#include "step/factor_table.hpp"

namespace helmholtz::testing {

/// Runs the bodies of the evaluation kernels on the host.
class HostEvaluator {
 public:
  /// @param parameters  in the host's memory, which must outlive this
  HostEvaluator(const Ensemble& ensemble, const cuda::ParameterView& parameters)
      : factors_(ensemble),
        view_(ensemble, factors_),
        shape_(view_.get().layer_sizes, static_cast<int>(view_.get().layers)),
        tables_(view_.get(), shape_),
        sizes_(tables_.layers.data(), shape_.is_enumerable() ? shape_.last() : -1,
               ensemble.world.size()) {
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
    input_.parameters = parameters;
    input_.seeds = view_.get().seeds;
    input_.machines.count = static_cast<std::uint32_t>(ensemble.size());
  }

  [[nodiscard]] std::vector<Evaluation> evaluate(std::uint64_t step, std::uint64_t samples) {
    const auto machines = input_.machines.count;
    std::vector<double> kl_exact(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<double> kl_sampled(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<std::uint32_t> unseen(machines);
    std::vector<std::uint8_t> diverged(machines);
    auto finite = input_;
    finite.results = {kl_exact.data(), kl_sampled.data(), unseen.data(), diverged.data()};
    run_find_diverged(finite);
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t m = 0; m < machines; ++m) {
      if (diverged[m] == 0) numbers.push_back(m);
    }
    finite.machines = {numbers.data(), 0, static_cast<std::uint32_t>(numbers.size())};
    if (shape_.is_enumerable()) evaluate_exactly(finite);
    if (samples > 0) evaluate_by_samples(finite, step, samples);
    std::vector<Evaluation> all;
    for (std::uint32_t m = 0; m < machines; ++m) {
      const auto unseen_of =
          diverged[m] == 0 ? unseen[m] : std::numeric_limits<double>::quiet_NaN();
      all.push_back({.kl_exact = kl_exact[m],
                     .kl_sampled = kl_sampled[m],
                     .unseen = unseen_of,
                     .diverged = diverged[m] != 0});
    }
    return all;
  }

 private:
  void evaluate_exactly(const cuda::EvaluationInput& input) {
    constexpr std::uint32_t kGroups = 2;
    std::vector<double> workspace(kGroups * cuda::group_doubles(shape_, sizes_));
    run_exact(cuda::exact_task(input, sizes_, workspace.data(), kGroups));
  }

  /// In parts of three machines, samples in parts of a third, by every sampler that can.
  void evaluate_by_samples(const cuda::EvaluationInput& input, std::uint64_t step,
                           std::uint64_t samples) {
    for (std::uint32_t first = 0; first < input.machines.count; first += 3) {
      auto some = input;
      some.machines = input.machines.part(first, 3);
      auto counts = counted(some, step, samples, {});
      EXPECT_EQ(counted(some, step, samples, {.histogram = true}), counts);
      if (cuda::has_register_kernel(shape_)) {
        EXPECT_EQ(counted(some, step, samples, {.registers = true}), counts);
        EXPECT_EQ(counted(some, step, samples, {.registers = true, .histogram = true}), counts);
      }
      auto task = cuda::sample_task(some, step, counts.data());
      task.first_sample = static_cast<std::uint32_t>(samples);
      run_counted(task);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> counted(const cuda::EvaluationInput& some,
                                                   std::uint64_t step, std::uint64_t samples,
                                                   const cuda::SamplePlan& plan) const {
    std::vector<std::uint32_t> counts(some.machines.count * some.plan.patterns);
    auto task = cuda::sample_task(some, step, counts.data());
    const auto all = static_cast<std::uint32_t>(samples);
    for (; task.first_sample < all; task.first_sample += task.samples) {
      task.samples = std::min(all / 3 + 1, all - task.first_sample);
      run_samples(task, plan);
    }
    return counts;
  }

  step::FactorTable factors_;
  plugin::EnsembleView view_;
  LayerShape shape_;
  cuda::WorldTables tables_;
  ExactSizes sizes_;
  cuda::EvaluationInput input_;
};

}  // namespace helmholtz::testing
