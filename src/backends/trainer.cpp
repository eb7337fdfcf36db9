#include "helmholtz/trainer.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "backends/backend.hpp"
#include "backends/likelihood_evaluation.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

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

}  // namespace

Trainer::Trainer(std::unique_ptr<Backend> backend) noexcept : backend_(std::move(backend)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

std::string_view Trainer::backend() const noexcept { return backend_->name(); }

const Ensemble& Trainer::ensemble() const noexcept { return backend_->ensemble(); }

void Trainer::train(std::uint64_t steps) {
  if (steps > kMaxSteps || step_ > kMaxSteps - steps) {
    throw InvalidArgument("steps", std::to_string(steps), "at most 10^12 in all");
  }
  backend_->train(step_, steps);
  step_ += steps;
}

std::vector<Evaluation> Trainer::evaluate(const EvaluationOptions& options) {
  std::vector<Evaluation> out(ensemble().size());
  if (!evaluate(options, 0, out)) out.clear();
  return out;
}

bool Trainer::evaluate(const EvaluationOptions& options, std::size_t first,
                       std::span<Evaluation> out) {
  require_inside(ensemble(), first, out.size());
  return backend_->evaluate(computable(options, ensemble()), step_, first, out) &&
         evaluate_likelihoods(*backend_, options, first, out);
}

std::vector<double> Trainer::kl_quantiles(std::span<const double> probabilities) {
  for (const double p : probabilities) {
    if (!(p >= 0 && p <= 1)) throw InvalidArgument("probabilities", fmt::format("{}", p), "0 to 1");
  }
  if (!exact_is_feasible(ensemble().topology)) {
    throw InvalidArgument("layers", ensemble().topology.to_string(),
                          "hidden states that can be enumerated");
  }
  require_enumerable(ensemble().world);
  std::vector<double> out(probabilities.size());
  backend_->kl_quantiles(probabilities, out);
  return out;
}

std::vector<std::uint8_t> Trainer::sample(std::size_t m, std::uint64_t count) const {
  const auto machine = parameters(m);
  return generate_patterns(ensemble().topology, machine, ensemble().machines[m].seed, step_, 0,
                           count);
}

std::uint64_t Trainer::device_bytes() const { return backend_->device_bytes(); }

std::string Trainer::kernel() const { return backend_->kernel(); }

std::vector<float> Trainer::parameters(std::size_t m) const {
  std::vector<float> out(ensemble().topology.parameters());
  read_parameters(m, 1, out);
  return out;
}

void Trainer::read_parameters(std::size_t first, std::size_t count, std::span<float> out) const {
  require_inside(ensemble(), first, count);
  require_size(out.size(), count, ensemble().topology);
  backend_->read_parameters(first, count, out);
}

std::vector<float> Trainer::optimizer_state(std::size_t m) const {
  require_inside(ensemble(), m, 1);
  std::vector<float> out(optimizer_state_floats(ensemble(), m));
  if (!out.empty()) backend_->read_state(m, out);
  return out;
}

void Trainer::write_optimizer_state(std::size_t m, std::span<const float> in) {
  require_inside(ensemble(), m, 1);
  const auto& optimizer = ensemble().hyperparameters(m).optimizer;
  const auto floats = optimizer_state_floats(ensemble(), m);
  if (in.size() != floats) {
    throw InvalidArgument("optimizer", fmt::format("{} floats of state", in.size()),
                          fmt::format("{} for {}", floats, optimizer.to_string()));
  }
  if (floats > 0) backend_->write_state(m, in);
}

std::optional<NumpyState> Trainer::numpy_state() const { return backend_->numpy_state(); }

void Trainer::write_numpy_state(const NumpyState& state) {
  if (!numpy_state()) throw InvalidArgument("rng", "philox", "numpy, whose state it is");
  require_size(state.parameters.size(), 1, ensemble().topology);
  backend_->write_numpy_state(state);
}

void Trainer::write_parameters(std::size_t first, std::size_t count, std::span<const float> in) {
  require_inside(ensemble(), first, count);
  require_size(in.size(), count, ensemble().topology);
  std::vector<float> positive_zeros(in.begin(), in.end());
  for (auto& w : positive_zeros) w += 0.0F;  // -0 becomes +0, as everywhere in the exact class
  backend_->write(first, count, positive_zeros);
}

}  // namespace helmholtz
