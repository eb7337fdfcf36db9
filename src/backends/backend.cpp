#include "backends/backend.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "backends/sampled_evaluation.hpp"
#include "base/quantile.hpp"

namespace helmholtz {

namespace {

/// Machines that are initialised, evaluated or copied together: some MiB of parameters at most.
std::size_t block_size(const Topology& topology) {
  constexpr std::size_t kMachines = 64;
  constexpr std::size_t kFloats = std::size_t{1} << 20;
  return std::clamp<std::size_t>(kFloats / topology.parameters(), 1, kMachines);
}

/// Machines per task, rounded up to a SIMD vector.
std::size_t machines_per_task(std::size_t machines, const Workers& workers) {
  constexpr std::size_t kVector = 8;
  const auto threads = static_cast<std::size_t>(workers.threads());
  const auto part = (machines + threads - 1) / threads;
  return std::max(kVector, (part + kVector - 1) / kVector * kVector);
}

Ensemble validated(Ensemble ensemble) {
  ensemble.validate();
  return ensemble;
}

}  // namespace

Backend::Backend(Ensemble ensemble, int threads)
    : ensemble_(validated(std::move(ensemble))), workers_(threads) {}

bool Backend::evaluate(const EvaluationOptions& options, std::uint64_t step, std::size_t first,
                       std::span<Evaluation> out) {
  const auto parameters = ensemble_.topology.parameters();
  const auto block =
      std::min(block_size(ensemble_.topology), machines_per_task(out.size(), workers_));
  workers_.for_each((out.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, out.size() - begin);
    std::vector<float> buffer(count * parameters);
    read_parameters(first + begin, count, buffer);
    evaluate_machines(ensemble_, first + begin, buffer, step, {.exact = options.exact},
                      out.subspan(begin, count));
  });
  return options.samples == 0 ||
         SampledEvaluation(*this, step, first, options.samples, out).run(options.stop_requested);
}

void Backend::kl_quantiles(std::span<const double> probabilities, std::span<double> out) {
  std::vector<Evaluation> evaluations(ensemble_.size());
  constexpr std::uint64_t kAnyStep = 0;  // addresses samples alone
  evaluate({.exact = true}, kAnyStep, 0, evaluations);
  std::vector<double> sorted;
  for (const auto& evaluation : evaluations) {
    if (!evaluation.diverged) sorted.push_back(evaluation.kl_exact);
  }
  std::sort(sorted.begin(), sorted.end());
  std::transform(probabilities.begin(), probabilities.end(), out.begin(), [&](double p) {
    return quantile(sorted.size(), p, [&](std::size_t i) { return sorted[i]; });
  });
}

void Backend::read_parameters(std::size_t first, std::size_t count, std::span<float> out) const {
  read(first, count, out);
  const auto parameters = ensemble_.topology.parameters();
  for (std::size_t m = 0; m < count; ++m) {
    const auto machine = out.subspan(m * parameters, parameters);
    const auto finite = [](float w) { return std::isfinite(w); };
    if (!std::all_of(machine.begin(), machine.end(), finite)) {
      std::fill(machine.begin(), machine.end(), std::numeric_limits<float>::quiet_NaN());
    }
  }
}

void Backend::initialise() {
  const auto parameters = ensemble_.topology.parameters();
  const auto block = block_size(ensemble_.topology);
  workers_.for_each((ensemble_.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, ensemble_.size() - begin);
    std::vector<float> buffer(count * parameters);
    for (std::size_t m = 0; m < count; ++m) {
      initial_parameters(ensemble_, begin + m,
                         std::span(buffer).subspan(m * parameters, parameters));
    }
    write(begin, count, buffer);
  });
}

}  // namespace helmholtz
