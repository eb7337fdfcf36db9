#include "sweep/replay.hpp"

#include <memory>

#include "sweep/paced.hpp"

namespace helmholtz {

namespace {

Trainer trainer_of(const SweepSpec& spec, std::span<const std::uint64_t> machines) {
  const auto kind = spec.configuration(spec.machine(machines.front()).configuration);
  return make_trainer(spec.ensemble(machines), spec.trainer_options(kind));
}

}  // namespace

std::vector<float> replay(const SweepSpec& spec, std::span<const std::uint64_t> machines,
                          const std::function<bool()>& stop_requested,
                          const std::function<void(double)>& advanced) {
  auto trainer = trainer_of(spec, machines);
  Pace pace(1);
  const PacedCallbacks callbacks{.stop_requested = stop_requested, .advanced = advanced};
  if (!train_to(spec.steps, trainer, pace, callbacks)) return {};
  std::vector<float> parameters(machines.size() * trainer.ensemble().topology.parameters());
  trainer.read_parameters(0, machines.size(), parameters);
  return parameters;
}

std::vector<float> replay(const SweepSpec& spec, std::uint64_t machine,
                          const std::function<void(std::uint64_t, const Evaluation&)>& evaluated,
                          const std::function<bool()>& stop_requested) {
  auto trainer = trainer_of(spec, std::span(&machine, 1));
  Pace pace(1);
  const PacedCallbacks callbacks{.stop_requested = stop_requested, .advanced = [](double) {}};
  for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
    if (!train_to(spec.evaluation_step(e), trainer, pace, callbacks)) return {};
    std::vector<Evaluation> evaluation(1);
    const EvaluationOptions options{.samples = spec.samples, .stop_requested = stop_requested};
    if (!trainer.evaluate(options, 0, evaluation)) return {};
    evaluated(e, evaluation.front());
  }
  std::vector<float> parameters(trainer.ensemble().topology.parameters());
  trainer.read_parameters(0, 1, parameters);
  return parameters;
}

}  // namespace helmholtz
