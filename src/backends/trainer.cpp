#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "backends/sampled_evaluation.hpp"
#include "backends/workers.hpp"
#include "evaluate/quantile.hpp"
#include "helmholtz/backend.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

/// Machines that are initialised, evaluated or copied together: some MiB of parameters at most.
std::size_t block_size(const Topology& topology) {
  constexpr std::size_t kMachines = 64;
  constexpr std::size_t kFloats = std::size_t{1} << 20;
  return std::clamp<std::size_t>(kFloats / topology.parameters(), 1, kMachines);
}

/// A thread's part of some machines, in whole vectors of those that are evaluated together.
std::size_t share(std::size_t machines, const Workers& workers) {
  constexpr std::size_t kVector = 8;
  const auto threads = static_cast<std::size_t>(workers.threads());
  const auto part = (machines + threads - 1) / threads;
  return std::max(kVector, (part + kVector - 1) / kVector * kVector);
}

void require_inside(const Ensemble& ensemble, std::size_t first, std::size_t count) {
  if (first <= ensemble.size() && count <= ensemble.size() - first) return;
  throw InvalidArgument("machines", fmt::format("{} from number {}", count, first),
                        fmt::format("some of {}", ensemble.size()));
}

/// A span of the machines' parameters.
void require_size(std::size_t floats, std::size_t machines, const Topology& topology) {
  if (floats == machines * topology.parameters()) return;
  throw InvalidArgument("parameters", fmt::format("{} floats", floats),
                        fmt::format("{} of each of {} machines", topology.parameters(), machines));
}

Ensemble validated(Ensemble ensemble) {
  ensemble.validate();
  return ensemble;
}

}  // namespace

Trainer::Trainer(Ensemble ensemble, int threads)
    : ensemble_(validated(std::move(ensemble))), workers_(std::make_unique<Workers>(threads)) {}

Trainer::~Trainer() = default;

void Trainer::train(std::uint64_t steps) {
  if (steps > kMaxSteps || step_ > kMaxSteps - steps) {
    throw InvalidArgument("steps", std::to_string(steps), "at most 10^12 in all");
  }
  do_train(step_, steps);
  step_ += steps;
}

bool Trainer::evaluate(const EvaluationOptions& options, std::size_t first,
                       std::span<Evaluation> out) {
  require_inside(ensemble_, first, out.size());
  return do_evaluate(options, first, out);
}

bool Trainer::do_evaluate(const EvaluationOptions& options, std::size_t first,
                          std::span<Evaluation> out) {
  const auto parameters = ensemble_.topology.parameters();
  const auto block = std::min(block_size(ensemble_.topology), share(out.size(), workers()));
  workers().for_each((out.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, out.size() - begin);
    std::vector<float> buffer(count * parameters);
    read_parameters(first + begin, count, buffer);
    evaluate_machines(ensemble_, first + begin, buffer, step_, {.exact = options.exact},
                      out.subspan(begin, count));
  });
  return options.samples == 0 || SampledEvaluation(*this, workers(), first, options.samples, out)
                                     .run(options.stop_requested);
}

std::vector<double> Trainer::kl_quantiles(std::span<const double> probabilities) {
  for (const double p : probabilities) {
    if (!(p >= 0 && p <= 1)) throw InvalidArgument("probabilities", fmt::format("{}", p), "0 to 1");
  }
  if (!exact_is_feasible(ensemble_.topology)) {
    throw InvalidArgument("layers", ensemble_.topology.to_string(),
                          "hidden states that can be enumerated");
  }
  std::vector<double> out(probabilities.size());
  do_kl_quantiles(probabilities, out);
  return out;
}

void Trainer::do_kl_quantiles(std::span<const double> probabilities, std::span<double> out) {
  std::vector<Evaluation> evaluations(ensemble_.size());
  do_evaluate({.exact = true}, 0, evaluations);
  std::vector<double> sorted;
  for (const auto& evaluation : evaluations) {
    if (!evaluation.diverged) sorted.push_back(evaluation.kl_exact);
  }
  std::sort(sorted.begin(), sorted.end());
  std::transform(probabilities.begin(), probabilities.end(), out.begin(), [&](double p) {
    return quantile(sorted.size(), p, [&](std::size_t i) { return sorted[i]; });
  });
}

void Trainer::read_parameters(std::size_t first, std::size_t count, std::span<float> out) const {
  require_inside(ensemble_, first, count);
  require_size(out.size(), count, ensemble_.topology);
  do_read(first, count, out);
  const auto parameters = ensemble_.topology.parameters();
  for (std::size_t m = 0; m < count; ++m) {
    const auto machine = out.subspan(m * parameters, parameters);
    const auto finite = [](float w) { return std::isfinite(w); };
    if (!std::all_of(machine.begin(), machine.end(), finite)) {
      std::fill(machine.begin(), machine.end(), std::numeric_limits<float>::quiet_NaN());
    }
  }
}

void Trainer::write_parameters(std::size_t first, std::size_t count, std::span<const float> in) {
  require_inside(ensemble_, first, count);
  require_size(in.size(), count, ensemble_.topology);
  std::vector<float> positive_zeros(in.begin(), in.end());
  for (auto& w : positive_zeros) w += 0.0F;  // -0 becomes +0, as everywhere in the exact class
  do_write(first, count, positive_zeros);
}

void Trainer::initialise() {
  const auto parameters = ensemble_.topology.parameters();
  const auto block = block_size(ensemble_.topology);
  workers().for_each((ensemble_.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, ensemble_.size() - begin);
    std::vector<float> buffer(count * parameters);
    for (std::size_t m = 0; m < count; ++m) {
      initial_parameters(ensemble_, begin + m,
                         std::span(buffer).subspan(m * parameters, parameters));
    }
    do_write(begin, count, buffer);
  });
}

}  // namespace helmholtz
