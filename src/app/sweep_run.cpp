#include "app/sweep_run.hpp"

#include <chrono>
#include <utility>

#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::app {

SweepRun::SweepRun(const SweepSpec& spec, const OutputOptions& output,
                   const std::filesystem::path& out, ChosenPart part,
                   std::optional<double> success_below)
    : spec_(spec),
      output_(output),
      success_below_(success_below),
      part_(std::move(part)),
      directory_(out, spec, part_.part,
                 [](const std::string& text) { note("helmholtz: " + text); }) {}

std::optional<report::Statistics> SweepRun::complete() {
  announce();
  // A bad shard that is found only now is trained again.
  while (!outcome_.stopped) {
    train();
    if (outcome_.stopped || !directory_.is_complete()) break;
    report::Summary summary(spec_);
    if (!directory_.read(summary)) continue;
    report::Statistics statistics(std::move(summary), success_below_);
    directory_.write_summary(report::summary_csv(statistics));
    return statistics;
  }
  return std::nullopt;
}

/// The part also with --quiet, where machines stay untrained that the user may count on: an empty
/// part, or one that the environment chose.
void SweepRun::announce() const {
  const auto mine = share();
  const bool is_all = mine.shards.count == mine.all_shards;
  const bool must = mine.shards.count == 0 || part_.is_found();
  if (must || (part_.part.n > 1 && !output_.quiet)) {
    note("helmholtz: {}{}", part_text(part_, mine),
         is_all ? "" : "; the others are left to other processes");
  }
  const auto done = directory_.machines_done();
  if (done == 0 || output_.quiet) return;
  note("helmholtz: {} of {} are there already", report::grouped(done),
       report::counted(directory_.machines_of_part(), "machine"));
}

void SweepRun::train() {
  const auto left = directory_.machines_of_part() - directory_.machines_done();
  report::Progress progress(static_cast<double>(left) * static_cast<double>(spec_.steps),
                            "machine-steps", output_);
  const auto start = std::chrono::steady_clock::now();
  const auto trained =
      directory_.train({.stop_requested = interrupted, .progress = [&](const SweepProgress& now) {
                          progress.update(now.machine_steps);
                        }});
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.clear();
  outcome_.machines += trained.machines;
  outcome_.diverged += trained.diverged;
  outcome_.machine_steps += trained.machine_steps;
  outcome_.stopped = trained.stopped;
  outcome_.kernels.insert(trained.kernels.begin(), trained.kernels.end());
}

}  // namespace helmholtz::app
