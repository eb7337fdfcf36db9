#include <algorithm>
#include <functional>

#include "helmholtz/sweep.hpp"
#include "sweep/memory.hpp"
#include "sweep/paced.hpp"

namespace helmholtz {

namespace {

using Stop = std::function<bool()>;

/// Amount per second of work that is done again and again for `limit` seconds, or until `stop`; the
/// first time is left out, since it warms up.
/// @param work  returns its amount
template <class Work>
double rate(double limit, const Stop& stop, Work work) {
  work();
  double amount = 0;
  double seconds = 0;
  while ((amount == 0 || seconds < limit) && !(stop && stop())) {
    seconds += seconds_of([&] { amount += work(); });
  }
  return amount / std::max(seconds, 1e-9);
}

/// Machines of each kind that are trained at once.
std::uint64_t machines_together(const SweepSpec& spec, std::uint64_t each) {
  const auto all = std::min(machines_at_once(spec, each), spec.machines());
  return std::max<std::uint64_t>(1, all / spec.kinds().size());
}

/// As many machines of a kind as show its speed, at most `together`.
Ensemble trial(const SweepSpec& spec, const SweepConfiguration& kind, std::uint64_t together) {
  constexpr std::uint64_t kParameters = std::uint64_t{1} << 24U;
  const auto most = kParameters / spec.topologies[kind.topology].parameters() + 1;
  return trial_ensemble(spec, kind, std::min(together, most));
}

/// Machine-steps per second.
double training_rate(Trainer& trainer, double seconds, const Stop& stop) {
  Pace pace(1);
  return rate(seconds, stop, [&] {
    const auto steps = pace.next(Trainer::kMaxSteps - trainer.step());
    pace.took(steps, seconds_of([&] { trainer.train(steps); }));
    return static_cast<double>(steps) * static_cast<double>(trainer.ensemble().size());
  });
}

/// Makes a number at most `most`. @return how many times it was larger, 1 if it was not
double cut(std::uint64_t& number, std::uint64_t most) {
  const double times = static_cast<double>(std::max(number, most)) / static_cast<double>(most);
  number = std::min(number, most);
  return times;
}

/// Evaluations per second. Many samples and particles take so many times longer than the most that
/// are tried; of both, what takes longer.
double evaluation_rate(Trainer& trainer, EvaluationOptions options, double seconds,
                       const Stop& stop) {
  constexpr std::uint64_t kMost = 100'000;
  constexpr double kQuick = 0.01;  // seconds
  const double times = std::max(cut(options.samples, kMost), cut(options.particles, kMost));
  options.stop_requested = stop;
  std::vector<Evaluation> out(1);
  return rate(seconds, stop,
              [&] {
                const auto evaluated = out.size();
                const double taken = seconds_of([&] { trainer.evaluate(options, 0, out); });
                if (taken < kQuick) out.resize(std::min(trainer.ensemble().size(), evaluated * 4));
                return static_cast<double>(evaluated);
              }) /
         times;
}

}  // namespace

SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds, const Stop& stop) {
  return estimate_sweep(spec, seconds, spec.shard_machines(), stop);
}

SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds, std::uint64_t each,
                             const Stop& stop) {
  const auto together = machines_together(spec, each);
  const auto kinds = spec.kinds();
  const auto share = 1.0 / static_cast<double>(kinds.size());
  const double machines = static_cast<double>(spec.machines()) * share;  // of each kind
  const double machine_steps = machines * static_cast<double>(spec.steps);
  double training = 0;
  double evaluating = 0;
  double device_bytes = 0;
  for (const auto& kind : kinds) {
    if (stop && stop()) break;
    auto trainer = make_trainer(trial(spec, kind, together), spec.trainer_options(kind));
    training += machine_steps / training_rate(trainer, seconds * share * 0.7, stop);
    evaluating += machines * static_cast<double>(spec.evaluations()) /
                  evaluation_rate(trainer, spec.evaluation_options(), seconds * share * 0.3, stop);
    const double of_machine = static_cast<double>(trainer.device_bytes()) /
                              static_cast<double>(trainer.ensemble().size());
    const auto at_once = static_cast<double>(together * blocks_at_once(spec));
    device_bytes = std::max(device_bytes, of_machine * std::min(machines, at_once));
  }
  return {.seconds = training + evaluating,
          .machine_steps_per_second =
              machine_steps * static_cast<double>(kinds.size()) / std::max(training, 1e-9),
          .device_bytes = device_bytes};
}

}  // namespace helmholtz
