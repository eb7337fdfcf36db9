#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "app/commands.hpp"
#include "app/dataset_summary.hpp"
#include "app/interrupt.hpp"
#include "app/part.hpp"
#include "app/report.hpp"
#include "app/sweep_run.hpp"
#include "base/text.hpp"
#include "hosts/mpi_wire.hpp"
#include "hosts/rank_work.hpp"
#include "report/draw.hpp"
#include "report/numbers.hpp"
#include "report/sweep_report.hpp"
#include "run/event_log.hpp"
#include "run/run_folder.hpp"
#include "sweep/memory.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

struct SweepFlags {
  explicit SweepFlags(CLI::App& command) : spec(command, SpecFlags::Arity::list), success(command) {
    add_text(command, "--out", out,
             {"directory for the results; made with its parents", "DIR", "Output"})
        ->configurable(false);
    add_text(command, "--shard", part,
             {"train part K of N alone, K from 0; several processes may share DIR. auto: of "
              "a Slurm array or Kubernetes, divided among the ranks of mpirun or srun "
              "(default: of a Slurm array, else all; ranks of MPI deal its shards among them)",
              "K/N", "Run"})
        ->configurable(false);
    add_switch(command, "--resume", resume,
               {.help = "fail unless DIR holds a sweep to resume", .group = "Run"})
        ->configurable(false);
    add_switch(command, "--dry-run", dry_run,
               {.help = "estimate time, memory and disk; trains for a second", .group = "Run"})
        ->configurable(false);
  }

  SpecFlags spec;
  SuccessFlag success;
  std::string out;
  std::optional<std::string> part;
  bool resume = false;
  bool dry_run = false;
};

/// What the sweep would take, from a second of it.
ExitCode estimate(const SweepSpec& spec, std::uint64_t each, const ChosenPart& chosen,
                  const PartShare& share, const OutputOptions& output) {
  constexpr double kCalibration = 1;  // seconds
  const auto needs = estimate_sweep(spec, kCalibration, each);
  const double bytes = disk_bytes(spec, each);
  const double memory = sweep_memory(spec, each).total() + static_cast<double>(data_bytes(spec));
  if (output.json) {
    Json json = {{"dry_run", true},
                 {"machines", spec.machines()},
                 {"configurations", spec.configurations()},
                 {"shards", share.all_shards},
                 {"evaluations", spec.evaluations()},
                 {"backend", spec.common_backend()},
                 {"part", part_json(chosen, share)},
                 {"threads", threads_of(spec.threads)},
                 {"disk_bytes", bytes},
                 {"memory_bytes", memory},
                 {"device_memory_bytes", needs.device_bytes},
                 {"machine_steps_per_second", needs.machine_steps_per_second},
                 {"seconds", needs.seconds}};
    if (spec.dataset) json["data"] = data_json(spec);
    print_json(json);
    return ExitCode::ok;
  }
  if (spec.dataset) print(data_text(spec));
  const auto of_devices = needs.device_bytes > 0 ? fmt::format(", {} of devices' memory",
                                                               report::bytes(needs.device_bytes))
                                                 : "";
  if (chosen.part.n > 1 || chosen.is_found())
    print_line(part_text(chosen, share) + "; of the whole sweep:");
  print(
      "{}: {} x {}, in {} of {}\n"
      "{} of each, the last after step {}\n"
      "about {} of results, {} of memory{}\n"
      "about {} at {} machine-steps/s on {}, evaluations included, measured in a second\n"
      "nothing was written\n",
      report::counted(spec.machines(), "machine"),
      report::counted(spec.configurations(), "configuration"),
      report::counted(spec.seeds.size(), "seed"), report::counted(share.all_shards, "shard"),
      report::counted(std::min(each, spec.machines()), "machine"),
      report::counted(spec.evaluations(), "evaluation"), spec.steps, report::bytes(bytes),
      report::bytes(memory), of_devices, report::clock(needs.seconds),
      report::scaled(needs.machine_steps_per_second),
      report::counted(static_cast<std::uint64_t>(threads_of(spec.threads)), "CPU thread"));
  return ExitCode::ok;
}

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

Json done_json(const SweepRun& run, const SweepSpec& spec, const ChosenPart& part) {
  Json json = {{"done", true},
               {"machines", spec.machines()},
               {"trained", run.outcome().machines},
               {"seconds", run.seconds()},
               {"machine_steps_per_second", run.rate()},
               {"diverged", run.outcome().diverged},
               {"backend", spec.common_backend()},
               {"part", part_json(part, run.share())},
               {"threads", threads_of(spec.threads)}};
  if (!run.outcome().kernels.empty()) json["kernels"] = run.outcome().kernels;
  return json;
}

/// The results of the whole sweep, in text and on its page. The sweep is finished whatever becomes
/// of the page.
void print_results(SweepRun& run, const report::Statistics& statistics,
                   const OutputOptions& output) {
  constexpr std::size_t kTables = 5;
  const auto& spec = statistics.spec();
  const auto diverged = statistics.diverged();
  const auto trained =
      run.outcome().machines > 0
          ? fmt::format(", {:.1f} s, {} machine-steps/s", run.seconds(), report::scaled(run.rate()))
          : ", trained before";
  print("{}, {} {}{}{}\n\n", report::counted(spec.machines(), "machine"), spec.world.noun(),
        shown(spec.world.name()), trained,
        diverged > 0 ? fmt::format(", {} diverged", report::grouped(diverged)) : "");
  print(report::quantile_tables(statistics, kTables));
  const auto& folder = run.directory().path();
  const auto machines = portraits(open_run(folder), spec, statistics, output);
  print_portraits(statistics, machines);
  try {
    write_report(folder / "report.html", statistics, {.machines = machines}, output.quiet);
    print("\nreport: {}\n", shown(folder / "report.html"));
  } catch (const Error& error) {
    note("helmholtz: no report: {}", error.what());
  }
  print("results: {}\nsummary: {}\n", shown(folder), shown(folder / "summary.csv"));
}

/// After a stop, or where other parts are missing.
ExitCode print_part(SweepRun& run, Json json, const OutputOptions& output) {
  const auto& outcome = run.outcome();
  const auto done = run.directory().machines_done();
  if (output.json) {
    json["machines"] = done;
    if (outcome.machines < done) json["diverged"] = nullptr;  // of the others it is not known here
    if (outcome.stopped) json["stopped"] = true;
    print_json(json);
  }
  const auto all = run.directory().machines_of_part();
  if (!output.quiet && (outcome.stopped || all > 0)) {
    const auto counts =
        fmt::format("{} of {} are in {}", report::grouped(done), report::counted(all, "machine"),
                    run.directory().path().string());
    outcome.stopped ? note("helmholtz: stopped; {}; the same command resumes it", counts)
                    : note("helmholtz: {}; other parts are missing", counts);
  }
  return outcome.stopped ? ExitCode::stopped : ExitCode::ok;
}

/// Seconds after which a rank counts as lost.
double longest_silence() {
  constexpr double kDefault = 60;
  constexpr const char* kVariable = "HELMHOLTZ_SILENCE";
  const char* const value = std::getenv(kVariable);
  if (value == nullptr) return kDefault;
  const auto seconds = text::number<double>(value);
  if (seconds && *seconds >= 1 && *seconds <= 1e6) return *seconds;
  throw InvalidArgument(kVariable, value, "seconds after which a rank counts as lost, from 1");
}

void report_lost(int own, int lost, const std::filesystem::path& out) {
  if (own != 0) {
    note("helmholtz: rank {}: nothing is heard of rank 0; the same command resumes the sweep", own);
    return;
  }
  note("helmholtz: nothing is heard of rank {}; its shards are dealt again", lost);
  try {
    EventLog(RunFiles(out).log).write("lost", {{"rank", lost}, {"dealer", getpid()}});
  } catch (const Error& error) {
    note("helmholtz: {}", error.what());
  }
}

/// A sweep whose flags are read and found good.
struct CheckedSweep {
  const SweepFlags& flags;
  SweepSpec spec;
  ChosenPart part;
  std::optional<double> success_below;
};

/// @param team  as SweepRun has it
ExitCode sweep_here(const CheckedSweep& sweep, hosts::Team* team) {
  const auto& output = sweep.flags.spec.output();
  SweepRun run(sweep.spec, output, sweep.flags.out, sweep.part, sweep.success_below, team);
  const auto statistics = run.complete();
  auto json = done_json(run, sweep.spec, sweep.part);
  if (team != nullptr) {
    json["threads"] = hosts::threads_of_rank(sweep.spec, team->place());
    json["ranks"] = team->place().ranks;
  }
  if (!statistics) return print_part(run, json, output);
  json["diverged"] = statistics->diverged();
  output.json ? print_json(json) : print_results(run, *statistics, output);
  return ExitCode::ok;
}

/// @return the exit code of a job whose rank 0 failed as well: a signal may have come meanwhile
ExitCode code_of_failed_job(hosts::Team& team) {
  return team.is_ended() ? ExitCode::stopped : static_cast<ExitCode>(team.first_error());
}

/// As one of several ranks: the first one deals and reports. Whatever happens to one, all of them
/// have to come to an end together.
ExitCode sweep_as_rank(const CheckedSweep& sweep, std::unique_ptr<hosts::Wire> wire,
                       double silence) {
  const auto place = wire->place();
  hosts::Team team(std::move(wire),
                   {.stop_requested = interrupted,
                    .lost = [&](int rank) { report_lost(place.rank, rank, sweep.flags.out); },
                    .silence = silence});
  auto code = ExitCode::ok;
  try {
    if (place.rank == 0) {
      code = sweep_here(sweep, &team);
    } else {
      hosts::train_dealt(team, sweep.spec, sweep.flags.out);
    }
  } catch (const std::exception& error) {
    note("helmholtz: rank {}: {}", place.rank, error.what());
    const auto* known = dynamic_cast<const Error*>(&error);
    team.leave(static_cast<int>(known == nullptr ? ExitCode::io : exit_code_of(*known)));
    if (place.rank == 0) code = code_of_failed_job(team);
  }
  team.finish(static_cast<int>(code));
  return code;
}

ExitCode sweep(const SweepFlags& flags) {
  auto spec = flags.spec.parse();
  spec.load_data();
  const auto part = parse_part(flags.part);
  const auto success_below = flags.success.parse();
  const auto existing = flags.out.empty() ? 0 : existing_shard_machines(flags.out, spec);
  validate(spec, existing);
  const auto each = existing > 0 ? existing : spec.shard_machines();
  const auto share = share_of(part.part, spec, each);
  if (flags.dry_run) return estimate(spec, each, part, share, flags.spec.output());
  if (flags.out.empty()) {
    throw InvalidArgument("out", "", "a directory for the results (or --dry-run)");
  }
  if (flags.resume && existing == 0) throw NoInput(flags.out, "holds no sweep to resume");
  require_work(part, share);
  catch_interrupts();
  const CheckedSweep checked{flags, std::move(spec), part, success_below};
  const auto silence = longest_silence();
  auto wire = flags.part ? nullptr : hosts::launched_wire();
  return wire ? sweep_as_rank(checked, std::move(wire), silence) : sweep_here(checked, nullptr);
}

}  // namespace

Command add_sweep(CLI::App& program) {
  return make_command(
      program,
      {.name = "sweep",
       .summary = "train many machines and write their results",
       .footer =
           "Every combination of the lists is trained with every seed. DIR gets the results shard "
           "by shard, config.toml (runs the sweep again), summary.csv (quantiles) and, without "
           "--json, report.html (pictures, by gnuplot if it is installed). The same command "
           "resumes "
           "a sweep that was stopped or killed; more seeds extend a finished one.\n\n"
           "Machines of one seed draw the same random numbers in every configuration: differences "
           "between configurations are paired by seed (report --compare), not independent samples; "
           "other seeds are independent.\n\n"
           "Examples:\n"
           "  helmholtz sweep --seeds 0:4096 --out notebook\n"
           "  helmholtz sweep --layers 1,6,9 --layers 1,8,9 --lr 0.02,0.05 --out rates\n"
           "  helmholtz sweep --config notebook/config.toml --out again\n"
           "  helmholtz sweep --data dna.h5 --layers 10,50,180 --batch 20 --seeds 0:64 --out dna\n"
           "  sbatch --array=0-9 --wrap 'helmholtz sweep --seeds 0:100000 --out shared'\n"
           "  mpirun -n 8 helmholtz sweep --seeds 0:100000 --out shared\n"},
      sweep);
}

}  // namespace helmholtz::app
