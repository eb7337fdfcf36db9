#pragma once

#include "helmholtz/contract.hpp"
#include "kernels/evaluate/evaluation_task.hpp"
#include "kernels/runtime/double_ops.hpp"

namespace helmholtz::cuda {

/// The same arrays for another machine.
HELMHOLTZ_DEVICE ExactMemory shifted(const ExactMemory& memory, std::size_t doubles) {
  ExactMemory own;
  own.activities = memory.activities + doubles;
  own.scores = memory.scores + doubles;
  own.log_states[0] = memory.log_states[0] + doubles;
  own.log_states[1] = memory.log_states[1] + doubles;
  own.sums = memory.sums + doubles;
  own.log_q = memory.log_q + doubles;
  return own;
}

/// Whether a parameter of machine m is not finite or exceeds kDivergedMagnitude.
HELMHOLTZ_DEVICE bool has_diverged(const EvaluationInput& input, std::size_t m) {
  const float* const own = input.parameters.machine(m);
  bool in_range = true;
  for (std::size_t k = 0; k < input.shape.parameters(); ++k) {
    const float x = own[k * input.parameters.parameter_stride];
    in_range = in_range && x <= kDivergedMagnitude && x >= -kDivergedMagnitude;
  }
  return !in_range;
}

HELMHOLTZ_DEVICE double not_a_number() { return DoubleArithmetic::floats(0x7FF8000000000000ULL); }
HELMHOLTZ_DEVICE double infinity() { return DoubleArithmetic::floats(0x7FF0000000000000ULL); }

/// One thread finds out whether machine m has diverged. One that has gets its results here: other
/// kernels do not visit it.
HELMHOLTZ_DEVICE void find_diverged(const EvaluationInput& input, std::size_t m) {
  const auto& results = input.results;
  const bool diverged = has_diverged(input, m);
  results.diverged[m] = diverged ? 1 : 0;
  if (!diverged) return;
  if (results.kl_exact != nullptr) results.kl_exact[m] = not_a_number();
  if (results.kl_sampled != nullptr) {
    results.kl_sampled[m] = not_a_number();
    results.unseen[m] = 0;
  }
}

/// One thread evaluates number i of the machines, in its lane of a group's memory.
HELMHOLTZ_DEVICE void evaluate_exactly(const ExactTask& task, std::uint32_t i, std::size_t group,
                                       std::size_t lane) {
  using Ops = DoubleOps<ExactTask::kLanes>;
  const auto m = task.machines[i];
  const auto offset = group * task.group_stride + lane;
  double* const staged = task.staged + offset;
  const float* const own = task.parameters.machine(m);
  for (std::size_t k = 0; k < task.shape.generative_parameters(); ++k) {
    Ops::store(static_cast<double>(own[k * task.parameters.parameter_stride]), staged, k);
  }
  const auto memory = shifted(task.memory, offset);
  exact_log_q<Ops>(task.plan, staged, memory);
  task.results.kl_exact[m] = exact_kl<Ops>(task.plan, staged, memory.log_q);
}

/// One thread turns the counts of number i of the machines into its sampled KL; task.first_sample
/// samples have been counted.
HELMHOLTZ_DEVICE void evaluate_counts(const SampleTask& task, std::uint32_t i) {
  const auto& plan = task.plan;
  const auto counted =
      kl_from_counts(task.counts + i * plan.patterns, plan.patterns, task.first_sample,
                     plan.probabilities, plan.log_probabilities,
                     [](double x) HELMHOLTZ_DEVICE_BODY { return portable::log<DoubleOps<1>>(x); });
  const auto m = task.machines[i];
  task.results.unseen[m] = counted.unseen;
  task.results.kl_sampled[m] = counted.unseen > 0 ? infinity() : counted.kl;
}

}  // namespace helmholtz::cuda
