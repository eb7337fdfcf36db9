#include "app/sweep_run.hpp"

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "app/exit_code.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "helmholtz/error.hpp"
#include "hosts/rank_work.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::app {

SweepRun::SweepRun(const SweepSpec& spec, const OutputOptions& output,
                   const std::filesystem::path& out, ChosenPart part,
                   std::optional<double> success_below, hosts::Team* team)
    : spec_(spec),
      output_(output),
      success_below_(success_below),
      part_(std::move(part)),
      team_(team),
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
  if (team_ != nullptr && !output_.quiet) {
    note("helmholtz: {} ranks share the work", team_->place().ranks);
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
  const auto trained = team_ == nullptr ? train_alone(progress) : train_with_others(progress);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.clear();
  outcome_.machines += trained.machines;
  outcome_.diverged += trained.diverged;
  outcome_.machine_steps += trained.machine_steps;
  outcome_.stopped = trained.stopped;
  outcome_.kernels.insert(trained.kernels.begin(), trained.kernels.end());
}

SweepOutcome SweepRun::train_alone(report::Progress& progress) {
  return directory_.train(
      {.stop_requested = interrupted,
       .progress = [&](const SweepProgress& now) { progress.update(now.machine_steps); }});
}

/// If this rank fails, e.g. because its disk is full, the others may still finish.
SweepOutcome SweepRun::train_with_others(report::Progress& progress) {
  const auto before = team_->totals();
  std::mutex drawing;
  const auto machine_steps = [&] {
    return static_cast<double>(team_->totals().machines - before.machines) *
           static_cast<double>(spec_.steps);
  };
  const auto show = [&] {
    const std::scoped_lock lock(drawing);
    progress.update(machine_steps());
  };
  auto options = hosts::dealt_options(*team_, spec_, show);
  options.progress = [&](const SweepProgress&) { show(); };
  hosts::DoneReport report(*team_, directory_.shard_machines());
  team_->deal_out(directory_.shards(), [&](std::uint64_t i) { return directory_.wants(i); });
  SweepOutcome outcome;
  try {
    outcome = directory_.train(options, &report);
  } catch (const Error& error) {
    note("helmholtz: rank 0: {}; the other ranks go on", error.what());
    team_->leave(static_cast<int>(exit_code_of(error)));
    if (!team_->wait_for_others(show)) throw;
  }
  if (team_->is_ended()) team_->wait_for_others([] {});
  wait_for_files();
  outcome.stopped = !directory_.is_part_complete();
  const auto totals = team_->totals();
  outcome.machines = totals.machines - before.machines;
  outcome.diverged = totals.diverged - before.diverged;
  outcome.machine_steps = machine_steps();
  return outcome;
}

/// Another host's files may be seen late.
void SweepRun::wait_for_files() {
  constexpr int kSeconds = 60;
  for (int waited = 0; !directory_.is_part_complete() && !team_->is_ended(); ++waited) {
    if (waited == kSeconds) {
      throw IoError(directory_.path().string(),
                    "lacks shards that other ranks have written: all hosts have to share it");
    }
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace helmholtz::app
