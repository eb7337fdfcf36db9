#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/config_file.hpp"
#include "app/interrupt.hpp"
#include "app/json.hpp"
#include "app/options.hpp"
#include "app/output.hpp"
#include "helmholtz/sweep.hpp"
#include "report/numbers.hpp"
#include "report/progress.hpp"
#include "report/sweep_report.hpp"
#include "report/terminal.hpp"
#include "sweep/memory.hpp"
#include "sweep/replay.hpp"
#include "sweep/run_directory.hpp"

namespace helmholtz::app {

namespace {

struct SweepFlags {
  explicit SweepFlags(CLI::App& command) : run(command, RunFlags::Arity::list) {}

  RunFlags run;
  std::string seeds = "0:1024";
  std::string out;
  bool dry_run = false;
};

SweepSpec spec_of(const SweepFlags& flags, const RunOptions& options) {
  return {.world = options.world,
          .topologies = options.topologies,
          .rates = options.rates,
          .rate_overrides = options.rate_overrides,
          .batches = options.batches,
          .schedules = options.schedules,
          .initialisations = options.initialisations,
          .seeds = SeedSet::parse(flags.seeds),
          .reduction = options.reduction,
          .nonnegative = options.nonnegative,
          .steps = options.steps,
          .eval_every = options.eval_every,
          .samples = options.samples,
          .backend = options.backend,
          .threads = options.threads,
          .devices = options.devices};
}

/// What the sweep would take, from a second of it.
ExitCode estimate(const SweepSpec& spec, const OutputOptions& output) {
  constexpr double kCalibration = 1;  // seconds
  const auto shard = spec.shard_machines();
  const auto shards = (spec.machines() + shard - 1) / shard;
  const double rate = measure_sweep_rate(spec, kCalibration);
  const double seconds =
      static_cast<double>(spec.machines()) * static_cast<double>(spec.steps) / rate;
  const double bytes = estimated_bytes(spec);
  const double memory = sweep_memory(spec).total();
  if (output.json) {
    print_line(json_text({{"dry_run", true},
                          {"machines", spec.machines()},
                          {"configurations", spec.configurations()},
                          {"shards", shards},
                          {"evaluations", spec.evaluations()},
                          {"disk_bytes", bytes},
                          {"memory_bytes", memory},
                          {"machine_steps_per_second", rate},
                          {"seconds", seconds}}));
    return ExitCode::ok;
  }
  print(fmt::format(
      "{}: {} x {}, in {}\n"
      "{} of each, the last after step {}\n"
      "about {} of results, {} of memory\n"
      "about {} for training at {} machine-steps/s, evaluations not counted\n"
      "nothing was written\n",
      report::counted(spec.machines(), "machine"),
      report::counted(spec.configurations(), "configuration"),
      report::counted(spec.seeds.size(), "seed"), report::counted(shards, "shard"),
      report::counted(spec.evaluations(), "evaluation"), spec.steps, report::bytes(bytes),
      report::bytes(memory), report::clock(seconds), report::scaled(rate)));
  return ExitCode::ok;
}

/// Draws the best, the median and the worst machine of the best configuration, trained again.
void print_portraits(const report::Summary& summary) {
  const auto order = summary.best_first();
  const auto ranking = order.empty() ? std::nullopt : summary.ranking(order.front());
  if (!ranking) return;
  const std::array shown = {ranking->best, ranking->median, ranking->worst};
  const std::array titles = {"best machine", "median machine", "worst machine"};
  const std::array machines = {shown[0].machine, shown[1].machine, shown[2].machine};
  const auto& spec = summary.spec();
  const auto parameters = replay(spec, machines, interrupted);
  const auto each = parameters.size() / shown.size();
  if (order.size() > 1 && each > 0) {
    print(fmt::format("\nof the best configuration, {}:\n",
                      report::configuration_text(spec, order.front())));
  }
  for (std::size_t i = 0; i < shown.size() && each > 0; ++i) {
    print('\n' + report::portrait(spec, titles[i], shown[i],
                                  std::span(parameters).subspan(i * each, each),
                                  report::terminal_columns(stdout)));
  }
}

void print_report(const SweepSpec& spec, const report::Summary& summary,
                  const SweepOutcome& outcome, double seconds) {
  constexpr std::size_t kTables = 5;
  print(fmt::format(
      "{}, world {}, {} s, {} machine-steps/s{}\n\n", report::counted(outcome.machines, "machine"),
      spec.world.name(), fmt::format("{:.1f}", seconds),
      report::scaled(outcome.machine_steps / seconds),
      outcome.diverged > 0 ? fmt::format(", {} diverged", report::grouped(outcome.diverged)) : ""));
  print(report::quantile_tables(summary, kTables));
  if (!outcome.stopped) print_portraits(summary);
}

SweepOutcome train(const SweepSpec& spec, const OutputOptions& output, RunDirectory& directory,
                   report::Summary& summary) {
  report::Progress progress(static_cast<double>(spec.machines()) * static_cast<double>(spec.steps),
                            "machine-steps", {.quiet = output.quiet, .no_color = output.no_color});
  const std::array<ResultSink*, 2> sinks = {&directory, &summary};
  SweepOptions options;
  options.stop_requested = interrupted;
  options.progress = [&](const SweepProgress& now) { progress.update(now.machine_steps); };
  const auto outcome = run_sweep(spec, options, sinks);
  progress.finish();
  return outcome;
}

void print_done(const SweepOutcome& outcome, double seconds) {
  Json json = {{"done", true},
               {"machines", outcome.machines},
               {"seconds", seconds},
               {"machine_steps_per_second", outcome.machine_steps / seconds},
               {"diverged", outcome.diverged}};
  if (outcome.stopped) json["stopped"] = true;
  print_line(json_text(json));
}

ExitCode sweep(const SweepFlags& flags) {
  const auto options = flags.run.parse();
  const auto spec = spec_of(flags, options);
  spec.validate();
  if (flags.dry_run) return estimate(spec, options.output);
  if (flags.out.empty()) {
    throw InvalidArgument("out", "", "a new directory for the results (or --dry-run)");
  }
  catch_interrupts();
  RunDirectory directory(flags.out, spec);
  report::Summary summary(spec);
  const auto start = std::chrono::steady_clock::now();
  const auto outcome = train(spec, options.output, directory, summary);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  directory.finish(summary);
  if (!options.output.json) {
    print_report(spec, summary, outcome, seconds);
    print(fmt::format("\nresults: {}\n", (directory.path() / "results.csv").string()));
    print(fmt::format("summary: {}\n", (directory.path() / "summary.csv").string()));
  } else {
    print_done(outcome, seconds);
  }
  if (!outcome.stopped) return ExitCode::ok;
  note(fmt::format("helmholtz: stopped; {} of {} machines are in {}", outcome.machines,
                   spec.machines(), directory.path().string()));
  return ExitCode::stopped;
}

}  // namespace

Command add_sweep(CLI::App& program) {
  auto* parser = program.add_subcommand("sweep", "trains many machines; writes their results");
  parser->footer(
      "Every combination of the lists is trained with every seed; more seeds extend a sweep.\n"
      "DIR gets config.toml (runs the sweep again), results.csv (a line a machine and\n"
      "evaluation), and summary.csv (quantiles).\n\n"
      "Examples:\n"
      "  helmholtz sweep --seeds 0:4096 --out notebook\n"
      "  helmholtz sweep --layers 1,6,9 --layers 1,8,9 --lr 0.02,0.05,0.1 --seeds 0:256 --out "
      "rates\n"
      "  helmholtz sweep --config notebook/config.toml --out again\n");
  const auto flags = std::make_shared<SweepFlags>(*parser);
  add_config_flag(*parser);
  parser
      ->add_option("--seeds", flags->seeds, "half-open ranges and seeds, e.g. 0:4096 or 1,2,10:20")
      ->type_name("A:B")
      ->group("Run")
      ->default_str(flags->seeds);
  parser->add_option("--out", flags->out, "new directory for the results; made with its parents")
      ->type_name("DIR")
      ->group("Output")
      ->configurable(false);
  parser->add_flag("--dry-run", flags->dry_run, "says what it would take; trains for a second")
      ->group("Run")
      ->configurable(false);
  return {.parser = parser, .run = [flags] { return sweep(*flags); }};
}

}  // namespace helmholtz::app
