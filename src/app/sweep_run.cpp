#include "app/sweep_run.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "app/flags.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/report.hpp"
#include "report/draw.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"
#include "report/terminal.hpp"

namespace helmholtz::app {

namespace {

/// Draws machines of the best configuration.
void print_portraits(const report::Statistics& statistics,
                     const std::vector<report::TrainedMachine>& machines) {
  const auto order = statistics.best_first();
  const auto& spec = statistics.spec();
  if (order.size() > 1 && !machines.empty()) {
    print("\nof the best configuration, {}:\n", report::configuration_text(spec, order.front()));
  }
  for (const auto& trained : machines) {
    print('\n' + report::portrait(spec, trained, report::terminal_columns(stdout)));
  }
}

}  // namespace

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
  say_part();
  say_what_is_there();
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

ExitCode SweepRun::run() {
  const auto statistics = complete();
  if (!statistics) return finish_part();
  finish(*statistics);
  return ExitCode::ok;
}

PartShare SweepRun::share() const {
  return share_of(part_.part, spec_, directory_.shard_machines());
}

/// Also with --quiet, where machines stay untrained that the user may count on: an empty part, or
/// one that the environment chose.
void SweepRun::say_part() const {
  const auto mine = share();
  const bool is_all = mine.shards.count == mine.all_shards;
  const bool must = mine.shards.count == 0 || part_.is_found();
  if (!must && (part_.part.n == 1 || output_.quiet)) return;
  note("helmholtz: {}{}", part_text(part_, mine),
       is_all ? "" : "; the others are left to other processes");
}

void SweepRun::say_what_is_there() const {
  const auto done = directory_.machines_done();
  if (done == 0 || output_.quiet) return;
  note("helmholtz: {} of {} are there already", report::grouped(done),
       report::counted(directory_.machines_of_part(), "machine"));
}

void SweepRun::train() {
  const auto left = directory_.machines_of_part() - directory_.machines_done();
  report::Progress progress(static_cast<double>(left) * static_cast<double>(spec_.steps),
                            "machine-steps", output_);
  const auto start = Clock::now();
  const auto trained =
      directory_.train({.stop_requested = interrupted, .progress = [&](const SweepProgress& now) {
                          progress.update(now.machine_steps);
                        }});
  seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
  progress.clear();
  outcome_.machines += trained.machines;
  outcome_.diverged += trained.diverged;
  outcome_.machine_steps += trained.machine_steps;
  outcome_.stopped = trained.stopped;
}

Json SweepRun::done_json(std::uint64_t machines, std::uint64_t diverged) const {
  return {{"done", true},
          {"machines", machines},
          {"trained", outcome_.machines},
          {"seconds", seconds_},
          {"machine_steps_per_second", rate()},
          {"diverged", diverged},
          {"part", part_json(part_, share())},
          {"threads", threads_of(spec_.threads)}};
}

void SweepRun::finish(const report::Statistics& statistics) const {
  if (output_.json) {
    print_json(done_json(spec_.machines(), statistics.diverged()));
    return;
  }
  print_report(statistics);
  print("results: {}\n", shown(directory_.path()));
  print("summary: {}\n", shown(directory_.path() / "summary.csv"));
}

void SweepRun::print_report(const report::Statistics& statistics) const {
  const auto diverged = statistics.diverged();
  constexpr std::size_t kTables = 5;
  const auto trained = outcome_.machines > 0 ? fmt::format(", {:.1f} s, {} machine-steps/s",
                                                           seconds_, report::scaled(rate()))
                                             : ", trained before";
  print("{}, world {}{}{}\n\n", report::counted(spec_.machines(), "machine"),
        shown(spec_.world.name()), trained,
        diverged > 0 ? fmt::format(", {} diverged", report::grouped(diverged)) : "");
  print(report::quantile_tables(statistics, kTables));
  const auto machines = train_portraits(statistics, output_);
  print_portraits(statistics, machines);
  write_html(statistics, machines);
}

/// The sweep is finished whatever becomes of its page.
void SweepRun::write_html(const report::Statistics& statistics,
                          std::vector<report::TrainedMachine> machines) const {
  const auto path = directory_.path() / "report.html";
  try {
    write_report(path, statistics, {.machines = std::move(machines)}, output_.quiet);
  } catch (const Error& error) {
    note("helmholtz: no report: {}", error.what());
    return;
  }
  print("\nreport: {}\n", shown(path));
}

/// After a stop, or where other parts are missing.
ExitCode SweepRun::finish_part() const {
  const auto done = directory_.machines_done();
  if (output_.json) {
    auto json = done_json(done, outcome_.diverged);
    if (outcome_.machines < done) json["diverged"] = nullptr;  // of the others it is not known here
    if (outcome_.stopped) json["stopped"] = true;
    print_json(json);
  }
  const auto counts = fmt::format("{} of {} are in {}", report::grouped(done),
                                  report::counted(directory_.machines_of_part(), "machine"),
                                  directory_.path().string());
  if (outcome_.stopped) {
    if (!output_.quiet) {
      note("helmholtz: stopped; {}; the same command resumes it", counts);
    }
    return ExitCode::stopped;
  }
  if (!output_.quiet && directory_.machines_of_part() > 0) {
    note("helmholtz: {}; other parts are missing", counts);
  }
  return ExitCode::ok;
}

}  // namespace helmholtz::app
