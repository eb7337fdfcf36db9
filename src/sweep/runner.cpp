#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include "helmholtz/sweep.hpp"
#include "sweep/shard.hpp"

namespace helmholtz {

namespace {

/// Machines whose last row says that they diverged.
std::uint64_t count_diverged(std::span<const ResultRow> rows, std::uint64_t evaluations) {
  return static_cast<std::uint64_t>(std::count_if(rows.begin(), rows.end(), [&](const auto& row) {
    return row.evaluation_number + 1 == evaluations && row.evaluation.diverged;
  }));
}

}  // namespace

SweepOutcome run_sweep(const SweepSpec& spec, const SweepOptions& options,
                       std::span<ResultSink* const> sinks) {
  spec.validate();
  SweepProgress progress{.machine_steps_total = static_cast<double>(spec.machines()) *
                                                static_cast<double>(spec.steps)};
  const auto stop = [&] { return options.stop_requested && options.stop_requested(); };
  const auto report = [&](double machine_steps) {
    progress.machine_steps += machine_steps;
    if (options.progress) options.progress(progress);
  };
  ShardTrainer trainer(spec, {.stop_requested = stop, .advanced = report});
  const auto shard = options.shard_machines > 0 ? options.shard_machines : spec.shard_machines();
  for (std::uint64_t first = 0; first < spec.machines(); first += shard) {
    const auto count = std::min(shard, spec.machines() - first);
    const auto rows = trainer.train(first, count);
    if (!rows) break;
    for (auto* const sink : sinks) sink->write(*rows);
    progress.machines += count;
    progress.diverged += count_diverged(*rows, spec.evaluations());
    report(0);
  }
  return {.machines = progress.machines,
          .diverged = progress.diverged,
          .machine_steps = progress.machine_steps,
          .stopped = progress.machines < spec.machines()};
}

double measure_sweep_rate(const SweepSpec& spec, double seconds) {
  using Clock = std::chrono::steady_clock;
  auto sample = spec;
  sample.eval_every = sample.steps = Trainer::kMaxSteps;
  double machine_steps = 0;
  Clock::time_point start;
  Clock::time_point now;
  const auto advance = [&](double steps) {
    now = Clock::now();
    machine_steps += steps;
    if (start == Clock::time_point{}) {  // the first piece warms up
      start = now;
      machine_steps = 0;
    }
  };
  const auto enough = [&] {
    return start != Clock::time_point{} &&
           std::chrono::duration<double>(now - start).count() >= seconds;
  };
  ShardTrainer trainer(sample, {.stop_requested = enough, .advanced = advance});
  trainer.train(0, std::min(spec.shard_machines(), spec.machines()));
  return machine_steps / std::chrono::duration<double>(now - start).count();
}

}  // namespace helmholtz
