#include <algorithm>
#include <utility>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/background_sink.hpp"
#include "sweep/memory.hpp"
#include "sweep/shard.hpp"

namespace helmholtz {

namespace {

/// The shards of a sweep as the options want them.
class Plan {
 public:
  Plan(const SweepSpec& spec, const SweepOptions& options)
      : machines_(spec.machines()),
        size_(options.shard_machines > 0 ? options.shard_machines : spec.shard_machines()),
        at_once_(machines_at_once(spec, size_) / size_),
        wanted_((machines_ - 1) / size_ + 1) {
    for (std::uint64_t i = 0; i < shards(); ++i) wanted_[i] = !options.wanted || options.wanted(i);
  }

  [[nodiscard]] std::uint64_t shards() const { return wanted_.size(); }
  [[nodiscard]] bool wants(std::uint64_t i) const { return wanted_[i]; }
  [[nodiscard]] std::uint64_t each() const { return size_; }
  [[nodiscard]] std::uint64_t first(std::uint64_t i) const { return i * size_; }
  /// The end of the wanted shards from i on that are trained at once.
  [[nodiscard]] std::uint64_t end_of_block(std::uint64_t i) const {
    const auto most = std::min(shards(), i + at_once_);
    while (i < most && wants(i)) ++i;
    return i;
  }
  [[nodiscard]] std::uint64_t count(std::uint64_t i) const {
    return std::min(size_, machines_ - first(i));
  }
  [[nodiscard]] std::uint64_t machines() const {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < shards(); ++i) sum += wants(i) ? count(i) : 0;
    return sum;
  }

 private:
  std::uint64_t machines_;
  std::uint64_t size_;
  std::uint64_t at_once_;
  std::vector<bool> wanted_;  // asked once: a sink's thread may be changing what is wanted
};

}  // namespace

SweepOutcome run_sweep(const SweepSpec& spec, const SweepOptions& options,
                       std::span<ShardSink* const> sinks) {
  spec.validate();
  const Plan plan(spec, options);
  SweepProgress progress{.machine_steps_total = static_cast<double>(plan.machines()) *
                                                static_cast<double>(spec.steps)};
  BackgroundSink writer(sinks);
  const auto stop = [&] {
    return writer.failed() || (options.stop_requested && options.stop_requested());
  };
  const auto report = [&](double machine_steps) {
    progress.machine_steps += machine_steps;
    if (options.progress) options.progress(progress);
  };
  ShardTrainer trainer(spec, {.stop_requested = stop, .advanced = report});
  SweepOutcome outcome;
  for (std::uint64_t i = 0; i < plan.shards() && !outcome.stopped;) {
    const auto end = plan.end_of_block(i);
    if (end == i) {
      ++i;
      continue;
    }
    const auto count = plan.first(end - 1) + plan.count(end - 1) - plan.first(i);
    auto shards = trainer.train(plan.first(i), count, plan.each());
    outcome.stopped = !shards;
    if (!shards) break;
    for (const auto& shard : *shards) {
      progress.machines += shard.machines();
      progress.diverged += shard.count_diverged();
    }
    writer.write(std::move(*shards));
    report(0);
    i = end;
  }
  writer.finish();
  outcome.machines = progress.machines;
  outcome.diverged = progress.diverged;
  outcome.machine_steps = progress.machine_steps;
  return outcome;
}

}  // namespace helmholtz
