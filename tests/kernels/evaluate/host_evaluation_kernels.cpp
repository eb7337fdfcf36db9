#include <vector>

#include "kernels/evaluate/exact_machine.hpp"
#include "kernels/evaluate/sample_machine.hpp"
#include "kernels/host_kernels.hpp"
#include "kernels/runtime/register_shapes.hpp"

namespace helmholtz::testing {

namespace {

using cuda::SampleTask;

/// Counts pattern_of(n) for samples n of a block of a few threads.
template <class PatternOf>
void count(const SampleTask& task, bool histogram, std::uint32_t i, PatternOf pattern_of) {
  constexpr std::uint32_t kThreads = 3;
  std::vector<std::uint32_t> shared(histogram ? task.index.count : 0, 99);  // not cleared at first
  const cuda::BlockCounts counts(task, i, shared.data(), histogram);
  for (std::uint32_t thread = 0; thread < kThreads; ++thread) counts.clear(thread, kThreads);
  for (std::uint32_t n = 0; n < task.samples; ++n) counts.count(pattern_of(task.first_sample + n));
  for (std::uint32_t thread = 0; thread < kThreads; ++thread) counts.add_up(thread, kThreads);
}

/// As the kernel counts few patterns.
std::uint32_t compared(const cuda::PatternIndex& index, std::uint32_t word) {
  std::uint32_t found = index.count;
  for (std::uint32_t k = 0; k < index.count; ++k) found = word == index.first[k] ? k : found;
  return found;
}

void sample_in_registers(const SampleTask& task, bool histogram, std::uint32_t i) {
  const auto m = task.machines[i];
  const float* const own = task.parameters.machine(m);
  std::vector<float> parameters(task.shape.generative_parameters());
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    parameters[k] = own[k * task.parameters.parameter_stride];
  }
  cuda::with_register_shape(task.shape, [&](auto shape) {
    const cuda::RegisterSampler<decltype(shape)> sampler(parameters.data(), task.seeds[m]);
    count(task, histogram, i, [&](std::uint32_t n) {
      const auto word = sampler.pattern(task.first_block, n);
      return task.index.compared ? compared(task.index, word)
                                 : cuda::find_pattern(task.index, word);
    });
  });
}

void sample_in_shared_memory(const SampleTask& task, bool histogram, std::uint32_t i) {
  constexpr std::uint32_t kThreads = 3;
  const auto m = task.machines[i];
  std::vector<float> units(static_cast<std::size_t>(task.shape.units()) * kThreads);
  const auto stride = static_cast<std::uint32_t>(task.parameters.parameter_stride);
  cuda::StridedSampler sampler(task, {task.parameters.machine(m), stride}, task.seeds[m],
                               {units.data() + 1, kThreads});
  count(task, histogram, i, [&](std::uint32_t n) { return sampler.pattern(n); });
}

}  // namespace

void run_find_diverged(const cuda::EvaluationInput& input) {
  for (std::uint32_t m = 0; m < input.machines.count; ++m) cuda::find_diverged(input, m);
}

void run_exact(const cuda::ExactTask& task) {
  constexpr auto kLanes = static_cast<std::uint32_t>(cuda::ExactTask::kLanes);
  for (std::uint32_t i = 0; i < task.machines.count; ++i) {
    cuda::evaluate_exactly(task, i, i / kLanes % task.groups, i % kLanes);
  }
}

void run_samples(const SampleTask& task, const cuda::SamplePlan& plan) {
  for (std::uint32_t i = 0; i < task.machines.count; ++i) {
    plan.registers ? sample_in_registers(task, plan.histogram, i)
                   : sample_in_shared_memory(task, plan.histogram, i);
  }
}

void run_counted(const SampleTask& task) {
  for (std::uint32_t i = 0; i < task.machines.count; ++i) cuda::evaluate_counts(task, i);
}

}  // namespace helmholtz::testing
