#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/flags.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/part.hpp"
#include "app/sweep_run.hpp"
#include "helmholtz/run_directory.hpp"
#include "helmholtz/sweep.hpp"
#include "report/numbers.hpp"
#include "run/run_folder.hpp"
#include "sweep/memory.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

struct SweepFlags {
  explicit SweepFlags(CLI::App& command) : spec(command, SpecFlags::Arity::list), success(command) {
    add_text(command, "--out", out,
             {.help = "directory for the results; made with its parents",
              .type = "DIR",
              .group = "Output"})
        ->configurable(false);
    add_text(
        command, "--shard", part,
        {.help = "train part K of N alone, K from 0; several processes may share DIR. auto: of "
                 "a Slurm array or Kubernetes, divided among the ranks of mpirun or srun "
                 "(default: of a Slurm array, else all)",
         .type = "K/N",
         .group = "Run"})
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
  const double memory = sweep_memory(spec, each).total();
  if (output.json) {
    print_json({{"dry_run", true},
                {"machines", spec.machines()},
                {"configurations", spec.configurations()},
                {"shards", share.all_shards},
                {"evaluations", spec.evaluations()},
                {"part", part_json(chosen, share)},
                {"threads", threads_of(spec.threads)},
                {"disk_bytes", bytes},
                {"memory_bytes", memory},
                {"device_memory_bytes", needs.device_bytes},
                {"machine_steps_per_second", needs.machine_steps_per_second},
                {"seconds", needs.seconds}});
    return ExitCode::ok;
  }
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

ExitCode sweep(const SweepFlags& flags) {
  const auto spec = flags.spec.parse();
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
  return SweepRun(spec, flags.spec.output(), flags.out, part, success_below).run();
}

}  // namespace

Command add_sweep(CLI::App& program) {
  return make_command(
      program,
      {.name = "sweep",
       .summary = "train many machines and write their results",
       .footer =
           "Every combination of the lists is trained with every seed. DIR gets the results shard "
           "by "
           "shard, config.toml (runs the sweep again), summary.csv (quantiles) and, without "
           "--json, "
           "report.html (pictures, by gnuplot if it is installed). The same command resumes "
           "a sweep that was stopped or killed; more seeds extend a finished one.\n\n"
           "Machines of one seed draw the same random numbers in every configuration: differences "
           "between configurations are paired by seed (report --compare), not independent samples; "
           "other seeds are independent.\n\n"
           "Examples:\n"
           "  helmholtz sweep --seeds 0:4096 --out notebook\n"
           "  helmholtz sweep --layers 1,6,9 --layers 1,8,9 --lr 0.02,0.05 --out rates\n"
           "  helmholtz sweep --config notebook/config.toml --out again\n"
           "  sbatch --array=0-9 --wrap 'helmholtz sweep --seeds 0:100000 --out shared'\n"
           "  mpirun -n 8 helmholtz sweep --seeds 0:100000 --shard auto --out shared\n"},
      sweep);
}

}  // namespace helmholtz::app
