#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "backends/fused/factor_table.hpp"
#include "evaluation_plan.hpp"
#include "exact_machine.hpp"
#include "helmholtz/evaluation.hpp"
#include "register_shapes.hpp"
#include "sample_machine.hpp"

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
        sizes_(tables_.layers.data(), cuda::exact_is_feasible(shape_) ? shape_.last() : -1,
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
    input_.machines = static_cast<std::uint32_t>(ensemble.size());
  }

  [[nodiscard]] std::vector<Evaluation> evaluate(std::uint64_t step, std::uint64_t samples) {
    const auto machines = input_.machines;
    std::vector<double> kl_exact(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<double> kl_sampled(machines, std::numeric_limits<double>::quiet_NaN());
    std::vector<std::uint32_t> unseen(machines);
    std::vector<std::uint8_t> diverged(machines);
    const cuda::EvaluationResults results{kl_exact.data(), kl_sampled.data(), unseen.data(),
                                          diverged.data()};
    for (std::uint32_t m = 0; m < machines; ++m) {
      diverged[m] = cuda::has_diverged(input_.parameters, m, shape_.parameters()) ? 1 : 0;
    }
    if (cuda::exact_is_feasible(shape_)) evaluate_exactly(results);
    if (samples > 0) evaluate_by_samples(step, samples, results);
    std::vector<Evaluation> all;
    for (std::uint32_t m = 0; m < machines; ++m) {
      all.push_back({kl_exact[m], kl_sampled[m], unseen[m], diverged[m] != 0});
    }
    return all;
  }

 private:
  void evaluate_exactly(const cuda::EvaluationResults& results) {
    constexpr std::uint32_t kGroups = 2;
    std::vector<double> workspace(kGroups * cuda::group_doubles(shape_, sizes_));
    const auto task = cuda::exact_task(input_, sizes_, workspace.data(), kGroups, results);
    for (std::uint32_t m = 0; m < input_.machines; ++m) {
      cuda::evaluate_exactly(task, m, m / cuda::ExactTask::kLanes % kGroups,
                             m % cuda::ExactTask::kLanes);
    }
  }

  /// In parts of three machines, by every sampler that can.
  void evaluate_by_samples(std::uint64_t step, std::uint64_t samples,
                           const cuda::EvaluationResults& results) {
    const auto patterns = input_.plan.patterns;
    for (std::uint32_t first = 0; first < input_.machines; first += 3) {
      const auto some = input_.part(first, 3);
      std::vector<std::uint32_t> counts(some.machines * patterns);
      const auto task = cuda::sample_task(some, step, samples, counts.data());
      for (std::uint32_t m = 0; m < some.machines; ++m) count(task, m, &counts[m * patterns]);
      const auto counted =
          cuda::counted_task(some, samples, counts.data(), results.sampled_from(first));
      for (std::uint32_t m = 0; m < some.machines; ++m) cuda::evaluate_counts(counted, m);
    }
  }

  void count(const cuda::SampleTask& task, std::uint32_t m, std::uint32_t* counts) {
    constexpr std::uint32_t kThreads = 3;
    std::vector<float> units(static_cast<std::size_t>(shape_.units()) * kThreads);
    const auto stride = static_cast<std::uint32_t>(task.parameters.parameter_stride);
    cuda::StridedSampler sampler(task, {task.parameters.machine(m), stride}, task.seeds[m],
                                 {units.data() + 1, kThreads});
    std::vector<std::uint32_t> generic(task.samples);
    for (std::uint32_t n = 0; n < task.samples; ++n) {
      generic[n] = sampler.pattern(n);
      if (generic[n] < task.index.count) ++counts[generic[n]];
    }
    cuda::with_register_shape(shape_, [&](auto shape) {
      std::vector<float> own(shape_.parameters());
      for (std::size_t k = 0; k < own.size(); ++k) {
        own[k] = task.parameters.machine(m)[k * task.parameters.parameter_stride];
      }
      const cuda::RegisterSampler<decltype(shape)> registers(own.data(), task.seeds[m]);
      for (std::uint32_t n = 0; n < task.samples; ++n) {
        const auto word = registers.pattern(task.first_block, n);
        EXPECT_EQ(cuda::find_pattern(task.index, word), generic[n]);
        if (task.index.compared) {
          EXPECT_EQ(compared(task.index, word), generic[n]);
        }
      }
    });
  }

  /// As the kernel counts few patterns.
  static std::uint32_t compared(const cuda::PatternIndex& index, std::uint32_t word) {
    std::uint32_t found = index.count;
    for (std::uint32_t k = 0; k < index.count; ++k) found = word == index.first[k] ? k : found;
    return found;
  }

  fused::FactorTable factors_;
  plugin::EnsembleView view_;
  cuda::RuntimeShape shape_;
  cuda::WorldTables tables_;
  ExactSizes sizes_;
  cuda::EvaluationInput input_;
};

}  // namespace helmholtz::testing
