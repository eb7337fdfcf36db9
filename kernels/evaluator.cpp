#include "evaluator.hpp"

#include <algorithm>

#include "evaluation_kernels.hpp"

namespace helmholtz::cuda {

namespace {

template <class T>
DeviceArray<T> copied(const std::vector<T>& values) {
  return DeviceArray<T>(std::span<const T>(values));
}

template <class T>
void fetch(const DeviceArray<T>& results, T* out) {
  results.copy_out(std::span(out, results.size()));
}

std::size_t free_memory() {
  std::size_t free = 0;
  std::size_t total = 0;
  HELMHOLTZ_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return free;
}

}  // namespace

Evaluator::Evaluator(const helmholtz_ensemble& ensemble, const RuntimeShape& shape,
                     const DeviceLimits& limits)
    : limits_(limits),
      probabilities_(std::span(ensemble.probabilities, ensemble.pattern_count)),
      log_probabilities_(std::span(ensemble.log_probabilities, ensemble.pattern_count)),
      sizes_(nullptr, -1, ensemble.pattern_count) {
  const WorldTables tables(ensemble, shape);
  layers_ = copied(tables.layers);
  pattern_begin_ = copied(tables.pattern_begin);
  pattern_units_ = copied(tables.pattern_units);
  sorted_words_ = copied(tables.sorted_words);
  order_ = copied(tables.order);
  if (exact_is_feasible(shape)) {
    sizes_ = ExactSizes(tables.layers.data(), shape.last(), ensemble.pattern_count);
  }
  world_.shape = shape;
  world_.plan = {.layers = layers_.get(),
                 .last = shape.last(),
                 .patterns = ensemble.pattern_count,
                 .pattern_begin = pattern_begin_.get(),
                 .pattern_units = pattern_units_.get(),
                 .probabilities = probabilities_.get(),
                 .log_probabilities = log_probabilities_.get()};
  world_.index = WorldTables::index(ensemble);
  world_.index.words = sorted_words_.get();
  world_.index.order = order_.get();
}

void Evaluator::evaluate(const ParameterView& parameters, const std::uint64_t* seeds,
                         std::uint32_t machines, const helmholtz_evaluation& wanted,
                         cudaStream_t stream) {
  auto input = world_;
  input.parameters = parameters;
  input.seeds = seeds;
  input.machines = machines;
  try {
    evaluate_here(input, wanted, stream);
  } catch (const OutOfDeviceMemory&) {
    throw NotOnDevice();
  }
}

void Evaluator::evaluate_here(const EvaluationInput& input, const helmholtz_evaluation& wanted,
                              cudaStream_t stream) {
  const auto count = input.machines;
  const bool exact = wanted.kl_exact != nullptr && exact_is_feasible(input.shape);
  const bool sampled = wanted.kl_sampled != nullptr && wanted.samples > 0;
  DeviceArray<std::uint8_t> diverged(count);
  DeviceArray<double> kl_exact(exact ? count : 0);
  DeviceArray<double> kl_sampled(sampled ? count : 0);
  DeviceArray<std::uint32_t> unseen(sampled ? count : 0);
  const EvaluationResults results{.kl_exact = kl_exact.get(),
                                  .kl_sampled = kl_sampled.get(),
                                  .unseen = unseen.get(),
                                  .diverged = diverged.get()};
  launch_find_diverged(input.parameters, input.shape.parameters(), count, diverged.get(), stream);
  if (exact) evaluate_exactly(input, results, stream);
  if (sampled) evaluate_by_samples(input, wanted, results, stream);
  HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
  fetch(diverged, wanted.diverged);
  if (exact) fetch(kl_exact, wanted.kl_exact);
  if (sampled) {
    fetch(kl_sampled, wanted.kl_sampled);
    fetch(unseen, wanted.unseen);
  }
}

void Evaluator::evaluate_exactly(const EvaluationInput& input, const EvaluationResults& results,
                                 cudaStream_t stream) {
  const auto group = group_doubles(input.shape, sizes_);
  const auto allowed = workspace_.size() * sizeof(double) + free_memory() / 2;
  const auto groups = exact_groups(group * sizeof(double), input.machines, limits_, allowed);
  if (groups == 0) throw NotOnDevice();
  if (workspace_.size() < groups * group) {
    workspace_ = {};
    workspace_ = DeviceArray<double>(groups * group);
  }
  launch_exact(exact_task(input, sizes_, workspace_.get(), groups, results), stream);
}

void Evaluator::evaluate_by_samples(const EvaluationInput& input,
                                    const helmholtz_evaluation& wanted,
                                    const EvaluationResults& results, cudaStream_t stream) {
  // Counts of so many machines at a time: bounded memory for worlds of many patterns.
  constexpr std::size_t kCounts = std::size_t{1} << 26;
  const auto patterns = input.plan.patterns;
  const auto chunk =
      static_cast<std::uint32_t>(std::clamp<std::size_t>(kCounts / patterns, 1, input.machines));
  DeviceArray<std::uint32_t> counts(chunk * patterns);
  for (std::uint32_t first = 0; first < input.machines; first += chunk) {
    const auto some = input.part(first, chunk);
    const auto task = sample_task(some, wanted.step, wanted.samples, counts.get());
    const auto plan = plan_samples(task, limits_);
    if (plan.block == 0) throw NotOnDevice();
    HELMHOLTZ_CUDA_CHECK(
        cudaMemsetAsync(counts.get(), 0, counts.size() * sizeof(std::uint32_t), stream));
    launch_samples(task, plan, stream);
    launch_counted(counted_task(some, wanted.samples, counts.get(), results.sampled_from(first)),
                   stream);
  }
}

}  // namespace helmholtz::cuda
