#include "sweep/replay.hpp"

#include <algorithm>
#include <bit>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "base/atomic_file.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/metrics.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

struct ReplayFlags : RunArgument {
  explicit ReplayFlags(CLI::App& command) : RunArgument(command), data(command) {
    add_text(command, "--machine", machine, {"its number, from 0", "N"})->required();
    add_switch(command, "--trace", trace, {.help = "print every evaluation, not the last alone"});
    add_text(command, "--save", save, {"keep it, as helmholtz train --save does", "FILE"});
    add_output_flags(command, output);
  }

  MovedDataFlags data;
  std::string machine;
  std::optional<std::string> save;
  bool trace = false;
  OutputOptions output;
};

/// What was compared of a machine with its shard, and nothing more.
struct Compared {
  bool is_there = false;          ///< the shard
  std::uint64_t evaluations = 0;  ///< the same bits, but for those that are only clamped
  /// KLs of 0 that the shard has below 0: earlier versions did not clamp what rounding made of 0.
  std::uint64_t clamped = 0;
  bool parameters = false;  ///< whether the sweep kept them, and they are the same bits
};

/// What the sweep found out about a machine, if its shard is there.
class Record {
 public:
  Record(const Run& run, std::uint64_t machine) : run_(run), machine_(machine) {
    const auto i = run.files().shard_of(machine);
    if (run.files().is_to_be_read(i)) shard_ = run.files().read(i);
    compared_.is_there = shard_.has_value();
  }

  [[nodiscard]] const Compared& compared() const { return compared_; }

  void require_same(std::uint64_t e, const Evaluation& evaluation) {
    if (!shard_) return;
    Shard again(machine_, 1, shard_->evaluations, run_.spec().evaluation_options());
    again.set_evaluation(0, e, evaluation);
    const auto found = again.evaluation(0, e);
    const auto was = shard_->evaluation(machine_ - shard_->first, e);
    const auto same = [this](const Metric& metric, double now, double before) {
      const bool is_clamped = metric.better == Metric::Better::lower && now == 0 && before < 0;
      compared_.clamped += is_clamped ? 1 : 0;
      return is_clamped ||
             std::bit_cast<std::uint64_t>(now) == std::bit_cast<std::uint64_t>(before);
    };
    const bool all_same = std::ranges::all_of(metrics(), [&](const Metric& metric) {
      return same(metric, found.*metric.value, was.*metric.value);
    });
    if (!all_same || found.diverged != was.diverged) {
      fail(fmt::format("another result for machine {} at step {}", machine_,
                       run_.spec().evaluation_step(e)));
    }
    ++compared_.evaluations;
  }

  /// Where the sweep kept them.
  void require_same(const std::vector<float>& parameters) {
    if (!shard_) return;
    std::size_t offset = 0;
    for (const auto saved : shard_->saved) {
      const auto& topology = run_.spec().topology(run_.spec().machine(saved).configuration);
      const auto count = topology.parameters();
      const auto kept = std::span(shard_->parameters).subspan(offset, count);
      if (saved == machine_ && parameters_digest(kept) != parameters_digest(parameters)) {
        fail(fmt::format("other parameters for machine {}", machine_));
      }
      compared_.parameters = compared_.parameters || saved == machine_;
      offset += count;
    }
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw BadData(run_.files().path(run_.files().shard_of(machine_)).string(), "holds " + problem);
  }

  const Run& run_;
  std::uint64_t machine_;
  std::optional<Shard> shard_;
  Compared compared_;
};

std::string compared_text(const Compared& compared) {
  if (!compared.is_there) return "its shard is not there to compare";
  return fmt::format("{}{}: the same bits as in its shard{}{}",
                     report::counted(compared.evaluations, "evaluation"),
                     compared.parameters ? " and the parameters" : "",
                     compared.clamped > 0
                         ? fmt::format(" but for {} below 0 there, clamped to 0 now",
                                       report::counted(compared.clamped, "KL"))
                         : "",
                     compared.parameters ? "" : ", which keeps no parameters of it");
}

void print_replayed(const Run& run, std::uint64_t machine, const Compared& compared,
                    const std::vector<float>& parameters, const OutputOptions& output) {
  const auto seed = run.spec().machine(machine).seed;
  const auto digest = fmt::format("{:016x}", parameters_digest(parameters));
  if (output.json) {
    print_json({{"done", true},
                {"machine", machine},
                {"seed", seed},
                {"steps", run.spec().steps},
                {"parameters_xxh3", digest},
                {"evaluations_compared", compared.evaluations},
                {"kl_clamped", compared.clamped},
                {"parameters_compared", compared.parameters}});
  } else if (!output.quiet) {
    note("machine {}, seed {}: {}; parameters {}", machine, seed, compared_text(compared), digest);
  }
}

ExitCode replay_machine(const ReplayFlags& flags) {
  require_file_name("save", flags.save);
  const auto run = flags.open();
  const auto machine = parse_integer("machine", flags.machine, 0, run.spec().machines() - 1);
  const auto spec = flags.data.load(run.spec());
  if (flags.save) {
    require_no_input("save", *flags.save, paths_of(spec.data.files));
    io::require_creatable(*flags.save);
  }
  catch_interrupts();
  Record record(run, machine);
  const EvaluationTable table(run.spec().evaluation_options(),
                              run.spec().ensemble(std::span(&machine, 1)), flags.output.json);
  if (!flags.output.json) print_line(table.header());
  const auto evaluated = [&](std::uint64_t e, const Evaluation& evaluation) {
    if (flags.trace || e + 1 == run.spec().evaluations()) {
      table.print(run.spec().evaluation_step(e), evaluation);
    }
    record.require_same(e, evaluation);
  };
  const auto trainer =
      replay(spec, std::span(&machine, 1), {.stop_requested = interrupted}, evaluated);
  if (!trainer) return ExitCode::stopped;
  const auto parameters = trainer->parameters(0);
  record.require_same(parameters);
  if (flags.save) save_machine(*flags.save, machine_of(*trainer, spec.data));
  print_replayed(run, machine, record.compared(), parameters, flags.output);
  return ExitCode::ok;
}

}  // namespace

Command add_replay(CLI::App& program) {
  return make_command(
      program,
      {.name = "replay",
       .summary = "train one machine of a sweep again",
       .footer = "Each evaluation, and the parameters where the sweep kept them, are compared with "
                 "the machine's shard; any difference is an error (code 65).\n\n"
                 "Examples:\n"
                 "  helmholtz replay runs/a --machine 17 --trace\n"
                 "  helmholtz replay runs/a --machine 17 --save best.h5\n"},
      replay_machine);
}

}  // namespace helmholtz::app
