#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/json.hpp"
#include "app/options.hpp"
#include "app/output.hpp"
#include "app/part.hpp"
#include "app/sweep_flags.hpp"
#include "helmholtz/sweep.hpp"
#include "report/numbers.hpp"
#include "report/progress.hpp"
#include "report/summary_csv.hpp"
#include "report/sweep_report.hpp"
#include "report/terminal.hpp"
#include "sweep/memory.hpp"
#include "sweep/replay.hpp"
#include "sweep/run_directory.hpp"

namespace helmholtz::app {

namespace {

struct Flags {
  explicit Flags(CLI::App& command) : sweep(command) {}

  SweepFlags sweep;
  std::string out;
  std::string part;
  bool resume = false;
  bool dry_run = false;
};

/// What the sweep would take, from a second of it.
ExitCode estimate(const SweepSpec& spec, const OutputOptions& output) {
  constexpr double kCalibration = 1;  // seconds
  const auto needs = estimate_sweep(spec, kCalibration);
  const double bytes = disk_bytes(spec);
  const double memory = sweep_memory(spec).total();
  if (output.json) {
    print_line(json_text({{"dry_run", true},
                          {"machines", spec.machines()},
                          {"configurations", spec.configurations()},
                          {"shards", spec.shards()},
                          {"evaluations", spec.evaluations()},
                          {"disk_bytes", bytes},
                          {"memory_bytes", memory},
                          {"machine_steps_per_second", needs.machine_steps_per_second},
                          {"seconds", needs.seconds}}));
    return ExitCode::ok;
  }
  print(fmt::format(
      "{}: {} x {}, in {} of {}\n"
      "{} of each, the last after step {}\n"
      "about {} of results, {} of memory\n"
      "about {} at {} machine-steps/s, evaluations included, measured in a second\n"
      "nothing was written\n",
      report::counted(spec.machines(), "machine"),
      report::counted(spec.configurations(), "configuration"),
      report::counted(spec.seeds.size(), "seed"), report::counted(spec.shards(), "shard"),
      report::counted(std::min(spec.shard_machines(), spec.machines()), "machine"),
      report::counted(spec.evaluations(), "evaluation"), spec.steps, report::bytes(bytes),
      report::bytes(memory), report::clock(needs.seconds),
      report::scaled(needs.machine_steps_per_second)));
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

/// One sweep's work on its directory, and what is told about it.
class SweepRun {
 public:
  SweepRun(const SweepSpec& spec, const OutputOptions& output, const std::filesystem::path& out,
           SweepPart part)
      : spec_(spec), output_(output), directory_(out, spec, part) {}

  ExitCode run() {
    say_what_is_there();
    // A bad shard that is found only now is trained again.
    while (!outcome_.stopped) {
      train();
      if (outcome_.stopped || !directory_.is_complete()) break;
      report::Summary summary(spec_);
      if (!directory_.read(summary)) continue;
      directory_.write_summary(report::summary_csv(summary));
      finish(summary);
      return ExitCode::ok;
    }
    directory_.log(outcome_.stopped ? "stopped" : "part_done");
    return finish_part();
  }

 private:
  using Clock = std::chrono::steady_clock;

  void say_what_is_there() const {
    const auto done = directory_.machines_done();
    if (done == 0 || output_.quiet) return;
    note(fmt::format("helmholtz: {} of {} are there already", report::grouped(done),
                     report::counted(directory_.machines_of_part(), "machine")));
  }

  void train() {
    const auto left = directory_.machines_of_part() - directory_.machines_done();
    report::Progress progress(static_cast<double>(left) * static_cast<double>(spec_.steps),
                              "machine-steps",
                              {.quiet = output_.quiet, .no_color = output_.no_color});
    const std::array<ShardSink*, 1> sinks = {&directory_};
    SweepOptions options;
    options.wanted = [&](std::uint64_t shard) { return directory_.wants(shard); };
    options.stop_requested = interrupted;
    options.progress = [&](const SweepProgress& now) { progress.update(now.machine_steps); };
    const auto start = Clock::now();
    const auto trained = run_sweep(spec_, options, sinks);
    seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    progress.finish();
    outcome_.machines += trained.machines;
    outcome_.diverged += trained.diverged;
    outcome_.machine_steps += trained.machine_steps;
    outcome_.stopped = trained.stopped;
  }

  [[nodiscard]] double rate() const { return seconds_ > 0 ? outcome_.machine_steps / seconds_ : 0; }

  [[nodiscard]] Json done_json(std::uint64_t machines, std::uint64_t diverged) const {
    return {{"done", true},
            {"machines", machines},
            {"trained", outcome_.machines},
            {"seconds", seconds_},
            {"machine_steps_per_second", rate()},
            {"diverged", diverged}};
  }

  void finish(const report::Summary& summary) const {
    std::uint64_t diverged = 0;
    for (std::uint64_t c = 0; c < spec_.configurations(); ++c) {
      diverged += summary.cell(c, spec_.evaluations() - 1).diverged;
    }
    if (output_.json) {
      print_line(json_text(done_json(spec_.machines(), diverged)));
      return;
    }
    print_report(summary, diverged);
    print(fmt::format("\nresults: {}\n", directory_.path().string()));
    print(fmt::format("summary: {}\n", (directory_.path() / "summary.csv").string()));
  }

  void print_report(const report::Summary& summary, std::uint64_t diverged) const {
    constexpr std::size_t kTables = 5;
    const auto trained = outcome_.machines > 0 ? fmt::format(", {:.1f} s, {} machine-steps/s",
                                                             seconds_, report::scaled(rate()))
                                               : ", trained before";
    print(fmt::format("{}, world {}{}{}\n\n", report::counted(spec_.machines(), "machine"),
                      spec_.world.name(), trained,
                      diverged > 0 ? fmt::format(", {} diverged", report::grouped(diverged)) : ""));
    print(report::quantile_tables(summary, kTables));
    print_portraits(summary);
  }

  /// After a stop, or where other parts are missing.
  [[nodiscard]] ExitCode finish_part() const {
    const auto done = directory_.machines_done();
    if (output_.json) {
      auto json = done_json(done, outcome_.diverged);
      if (outcome_.stopped) json["stopped"] = true;
      print_line(json_text(json));
    }
    const auto counts = fmt::format("{} of {} are in {}", report::grouped(done),
                                    report::counted(directory_.machines_of_part(), "machine"),
                                    directory_.path().string());
    if (outcome_.stopped) {
      note(fmt::format("helmholtz: stopped; {}; the same command goes on", counts));
      return ExitCode::stopped;
    }
    if (!output_.quiet) note(fmt::format("helmholtz: {}; other parts are missing", counts));
    return ExitCode::ok;
  }

  const SweepSpec& spec_;
  const OutputOptions& output_;
  RunDirectory directory_;
  SweepOutcome outcome_;
  double seconds_ = 0;
};

ExitCode sweep(const Flags& flags) {
  const auto options = flags.sweep.parse();
  const auto spec = flags.sweep.spec(options);
  const auto part = parse_part(flags.part);
  spec.validate();
  if (flags.dry_run) return estimate(spec, options.output);
  if (flags.out.empty()) {
    throw InvalidArgument("out", "", "a directory for the results (or --dry-run)");
  }
  std::error_code ignored;
  if (flags.resume && !std::filesystem::exists(RunFiles(flags.out).manifest, ignored)) {
    throw NoInput(flags.out, "holds no sweep to resume");
  }
  catch_interrupts();
  return SweepRun(spec, options.output, flags.out, part).run();
}

}  // namespace

Command add_sweep(CLI::App& program) {
  auto* parser = program.add_subcommand("sweep", "trains many machines; writes their results");
  parser->footer(
      "Every combination of the lists is trained with every seed. DIR gets the results shard by\n"
      "shard, config.toml (runs the sweep again) and summary.csv (quantiles). The same command\n"
      "goes on where a sweep was stopped or killed; more seeds extend a finished one.\n\n"
      "Examples:\n"
      "  helmholtz sweep --seeds 0:4096 --out notebook\n"
      "  helmholtz sweep --layers 1,6,9 --layers 1,8,9 --lr 0.02,0.05,0.1 --seeds 0:256 --out "
      "rates\n"
      "  helmholtz sweep --config notebook/config.toml --out again\n"
      "  sbatch --array=0-9 --wrap 'helmholtz sweep --seeds 0:100000 --out shared'\n");
  const auto flags = std::make_shared<Flags>(*parser);
  parser->add_option("--out", flags->out, "directory for the results; made with its parents")
      ->type_name("DIR")
      ->group("Output")
      ->configurable(false);
  parser
      ->add_option("--shard", flags->part,
                   "train part K of N alone, K from 0; several processes may share\n"
                   "DIR (default: this task of a Slurm array, else all)")
      ->type_name("K/N")
      ->group("Run")
      ->configurable(false);
  parser->add_flag("--resume", flags->resume, "go on only: fail unless DIR holds a sweep")
      ->disable_flag_override()
      ->group("Run")
      ->configurable(false);
  parser->add_flag("--dry-run", flags->dry_run, "says what it would take; trains for a second")
      ->disable_flag_override()
      ->group("Run")
      ->configurable(false);
  return {.parser = parser, .run = [flags] { return sweep(*flags); }};
}

}  // namespace helmholtz::app
