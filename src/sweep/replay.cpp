#include "sweep/replay.hpp"

#include "sweep/paced.hpp"

namespace helmholtz {

std::optional<Trainer> replay(const SweepSpec& spec, std::span<const std::uint64_t> machines,
                              const PacedCallbacks& callbacks,
                              const ReplayedEvaluation& evaluated) {
  const auto kind = spec.configuration(spec.machine(machines.front()).configuration);
  auto trainer = make_trainer(spec.ensemble(machines), spec.trainer_options(kind));
  auto options = spec.evaluation_options();
  options.stop_requested = callbacks.stop_requested;
  Pace pace(1);
  std::vector<Evaluation> evaluation(1);
  for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
    if (!train_to(spec.evaluation_step(e), trainer, pace, callbacks)) return std::nullopt;
    if (!evaluated) continue;
    if (!trainer.evaluate(options, 0, evaluation)) return std::nullopt;
    evaluated(e, evaluation.front());
  }
  return trainer;
}

}  // namespace helmholtz
