#include "kernels/evaluate/evaluator.hpp"

#include <algorithm>
#include <limits>

#include "base/quantile.hpp"
#include "kernels/evaluate/evaluation_kernels.hpp"
#include "kernels/runtime/across_machines.hpp"

namespace helmholtz::cuda {

namespace {

template <class T>
DeviceArray<T> copied(const std::vector<T>& values) {
  return DeviceArray<T>(std::span<const T>(values));
}

/// @throws NotOnDevice where the body finds too little memory
template <class Body>
void on_device(Body body) {
  try {
    body();
  } catch (const AllocationFailure&) {
    throw NotOnDevice();
  }
}

/// Room for a result of each machine, or null where it is not wanted.
template <class T>
T* room(DeviceArray<T>& results, std::uint32_t machines, bool wanted) {
  if (!wanted) return nullptr;
  results.reserve(machines);
  return results.get();
}

}  // namespace

Evaluator::Evaluator(const helmholtz_ensemble& ensemble, const LayerShape& shape,
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
  if (shape.is_enumerable()) {
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

EvaluationInput Evaluator::input_of(const ParameterView& parameters, std::uint32_t machines,
                                    bool exact, bool sampled) {
  auto input = world_;
  input.parameters = parameters;
  input.machines.count = machines;
  input.results = {.kl_exact = room(kl_exact_, machines, exact),
                   .kl_sampled = room(kl_sampled_, machines, sampled),
                   .unseen = room(unseen_, machines, sampled),
                   .diverged = room(diverged_, machines, true)};
  return input;
}

void Evaluator::evaluate(const ParameterView& parameters, const std::uint64_t* seeds,
                         std::uint32_t machines, const helmholtz_evaluation& wanted,
                         cudaStream_t stream) {
  const bool exact = wanted.kl_exact != nullptr && world_.shape.is_enumerable();
  const bool sampled = wanted.kl_sampled != nullptr && wanted.samples > 0;
  on_device([&] {
    auto input = input_of(parameters, machines, exact, sampled);
    input.seeds = seeds;
    set_finite_machines(input, stream);
    if (input.machines.count == 0) return;
    if (exact) evaluate_exactly(input, stream);
    if (sampled) evaluate_by_samples(input, wanted, stream);
  });
  HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
  diverged_.copy_out(std::span(wanted.diverged, machines));
  if (exact) kl_exact_.copy_out(std::span(wanted.kl_exact, machines));
  if (sampled) {
    kl_sampled_.copy_out(std::span(wanted.kl_sampled, machines));
    unseen_.copy_out(std::span(wanted.unseen, machines));
  }
}

void Evaluator::set_finite_machines(EvaluationInput& input, cudaStream_t stream) {
  launch_find_diverged(input, stream);
  auto& [numbers, first, count] = input.machines;
  finite_.reserve(count);
  const auto finite = select_unflagged(input.results.diverged, count, finite_.get(), stream);
  numbers = finite == count ? nullptr : finite_.get();
  count = finite;
}

void Evaluator::evaluate_exactly(const EvaluationInput& input, cudaStream_t stream) {
  const auto group = group_doubles(input.shape, sizes_);
  const auto fitting = [&](std::size_t bytes) {
    return exact_groups(group * sizeof(double), input.machines.count, limits_, bytes);
  };
  const auto reserved = workspace_.size() * sizeof(double);
  auto groups = fitting(std::numeric_limits<std::size_t>::max());
  if (groups * group > workspace_.size()) groups = fitting(reserved + free_memory() / 2);
  if (groups == 0) throw NotOnDevice();
  workspace_.reserve(groups * group);
  launch_exact(exact_task(input, sizes_, workspace_.get(), groups), stream);
}

void Evaluator::evaluate_by_samples(const EvaluationInput& input,
                                    const helmholtz_evaluation& wanted, cudaStream_t stream) {
  // Counts of so many machines at a time: bounded memory for worlds of many patterns.
  constexpr std::size_t kCounts = std::size_t{1} << 26;
  const auto patterns = input.plan.patterns;
  const auto chunk = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(kCounts / patterns, 1, input.machines.count));
  counts_.reserve(chunk * patterns);
  for (std::uint32_t first = 0; first < input.machines.count; first += chunk) {
    auto task = sample_task(input, wanted.step, counts_.get());
    task.machines = input.machines.part(first, chunk);
    HELMHOLTZ_CUDA_CHECK(cudaMemsetAsync(
        counts_.get(), 0, task.machines.count * patterns * sizeof(std::uint32_t), stream));
    count_samples(task, wanted, stream);
    launch_counted(task, stream);
  }
}

void Evaluator::count_samples(SampleTask& task, const helmholtz_evaluation& wanted,
                              cudaStream_t stream) {
  const auto samples = static_cast<std::uint32_t>(wanted.samples);
  const auto most = samples_at_once(task.shape, task.machines.count);
  for (; task.first_sample < samples; task.first_sample += task.samples) {
    if (wanted.stop_requested != nullptr) {
      HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
      if (wanted.stop_requested(wanted.stop_context) != 0) throw Stopped();
    }
    task.samples = std::min(most, samples - task.first_sample);
    const auto plan = plan_samples(task, limits_);
    if (plan.block == 0) throw NotOnDevice();
    launch_samples(task, plan, stream);
  }
}

void Evaluator::kl_quantiles(const ParameterView& parameters, std::uint32_t machines,
                             std::span<const double> probabilities, double* out,
                             cudaStream_t stream) {
  on_device([&] {
    auto input = input_of(parameters, machines, true, false);
    set_finite_machines(input, stream);
    if (input.machines.count > 0) evaluate_exactly(input, stream);
    DeviceArray<double> sorted(machines);
    const auto count = sort_unflagged(input.results.diverged, input.results.kl_exact, machines,
                                      sorted.get(), stream);
    HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
    for (const double p : probabilities) {
      *out++ = quantile(count, p, [&](std::size_t i) {
        double value = 0;
        HELMHOLTZ_CUDA_CHECK(
            cudaMemcpy(&value, sorted.get() + i, sizeof(value), cudaMemcpyDeviceToHost));
        return value;
      });
    }
  });
}

}  // namespace helmholtz::cuda
