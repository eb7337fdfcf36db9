#include <algorithm>
#include <chrono>

#include "helmholtz/sweep.hpp"
#include "sweep/memory.hpp"
#include "sweep/paced.hpp"

namespace helmholtz {

namespace {

using Clock = std::chrono::steady_clock;

/// How long something takes that is called again and again until its time is over; what the first
/// call takes is left out, since it warms up.
class Stopwatch {
 public:
  explicit Stopwatch(double limit) : limit_(limit) {}

  [[nodiscard]] bool is_over() const { return laps_ > 1 && seconds() >= limit_; }
  void lap(double amount) {
    if (laps_++ == 0) {
      start_ = now_ = Clock::now();
      return;
    }
    now_ = Clock::now();
    amount_ += amount;
  }
  /// Amount per second.
  [[nodiscard]] double rate() const { return amount_ / std::max(seconds(), 1e-9); }

 private:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(now_ - start_).count();
  }

  double limit_;
  int laps_ = 0;
  double amount_ = 0;
  Clock::time_point start_, now_;
};

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
double training_rate(Trainer& trainer, double seconds) {
  Stopwatch watch(seconds);
  Pace pace(1);
  const PacedCallbacks callbacks{
      .stop_requested = [&] { return watch.is_over(); },
      .advanced = [&](double machine_steps) { watch.lap(machine_steps); }};
  train_to(Trainer::kMaxSteps, trainer, pace, callbacks);
  return watch.rate();
}

/// Evaluations per second. Many samples take so many times longer than the most that are tried.
double evaluation_rate(Trainer& trainer, EvaluationOptions options, double seconds) {
  constexpr std::uint64_t kMost = 100'000;
  const double times = static_cast<double>(std::max(options.samples, kMost)) / kMost;
  options.samples = std::min(options.samples, kMost);
  Stopwatch watch(seconds);
  std::vector<Evaluation> out(1);
  while (!watch.is_over()) {
    const auto start = Clock::now();
    trainer.evaluate(options, 0, out);
    watch.lap(static_cast<double>(out.size()));
    const bool quick = Clock::now() - start < std::chrono::milliseconds(10);
    if (quick) out.resize(std::min(trainer.ensemble().size(), out.size() * 4));
  }
  return watch.rate() / times;
}

}  // namespace

SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds) {
  return estimate_sweep(spec, seconds, spec.shard_machines());
}

SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds, std::uint64_t each) {
  const auto together = machines_together(spec, each);
  const auto kinds = spec.kinds();
  const auto share = 1.0 / static_cast<double>(kinds.size());
  const double machines = static_cast<double>(spec.machines()) * share;  // of each kind
  const double machine_steps = machines * static_cast<double>(spec.steps);
  double training = 0;
  double evaluating = 0;
  double device_bytes = 0;
  for (const auto& kind : kinds) {
    auto trainer = make_trainer(trial(spec, kind, together), spec.trainer_options(kind));
    training += machine_steps / training_rate(trainer, seconds * share * 0.7);
    evaluating += machines * static_cast<double>(spec.evaluations()) /
                  evaluation_rate(trainer, spec.evaluation_options(), seconds * share * 0.3);
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
