#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "app/best_so_far.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/training_plan.hpp"
#include "report/numbers.hpp"
#include "report/statistics.hpp"
#include "report/terminal.hpp"
#include "sweep/paced.hpp"

namespace helmholtz::app {

namespace {

constexpr const char* kExamples =
    "Prints a line per evaluation, in nats: the exact KL(world || model) where the hidden states "
    "can be enumerated; with --samples the sampled one, infinite where a pattern of the world is "
    "unseen; with --log-likelihood the mean log-likelihood per row with its standard error, the "
    "ELBO, and the effective sample size as a share of the particles.\n\n"
    "The log-likelihood is of the world's patterns by their probabilities, or of rows of a data "
    "set: --split valid where there is one, else train; --split test only where it is named.\n\n"
    "--save-best and --patience choose by the first of exact KL, sampled KL and log-likelihood "
    "that is computed, never by --split test.\n\n"
    "Examples:\n"
    "  helmholtz train --seed 7 --samples 10000\n"
    "  helmholtz train --layers 1,8,16 --world bars4x4 --nonnegative --save a.h5\n"
    "  helmholtz train --from a.h5 --steps 100000 --save a.h5\n"
    "  helmholtz train --log-likelihood 100 --save-best best.h5 --patience 3\n"
    "  helmholtz train --layers 4,50,784 --world file:digits.txt --samples 1000\n"
    "  helmholtz train --data mnist.h5 --layers 10,50,784 --order epochs --batch 100 --lr 0.001 "
    "--log-likelihood 10\n";

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Goes on where a saved machine is.
void resume(Trainer& trainer, const SavedMachine& machine) {
  trainer.write_parameters(0, 1, machine.parameters);
  trainer.write_optimizer_state(0, machine.optimizer_state);
  trainer.set_step(machine.step);
}

Trainer start_trainer(const TrainingPlan& plan) {
  auto trainer = make_trainer(plan.start.ensemble, plan.trainer);
  if (!plan.start.parameters.empty()) resume(trainer, plan.start);
  return trainer;
}

EvaluationOptions options_of(const TrainingPlan& plan) {
  auto options = plan.spec.evaluation_options();
  options.stop_requested = interrupted;
  return options;
}

/// Trains one machine, evaluating it at each multiple of `eval_every` and after the last step, so
/// that a run in pieces prints what an uninterrupted one does. The best machine is the one of the
/// best evaluation, by what ranks machines (ranking_metric()).
class TrainingRun {
 public:
  explicit TrainingRun(const TrainingPlan& plan)
      : plan_(plan),
        options_(options_of(plan)),
        table_(options_, plan.start.ensemble, plan.output.json),
        best_(ranking_metric(options_, plan.start.ensemble.topology, plan.start.ensemble.world)),
        trainer_(start_trainer(plan)),
        end_(plan.start.step + plan.spec.steps),
        progress_(static_cast<double>(plan.spec.steps), "steps", plan.output) {}

  /// @return ok, or stopped if a signal ended it early (what was reached is saved all the same)
  ExitCode run() {
    bool stopped = plan_.best && !evaluate_best_before();
    print_header();
    if (plan_.spec.steps == 0) stopped = !evaluate();
    while (trainer_.step() < end_ && !stopped && !ends_early()) {
      const auto next = next_evaluation();
      stopped = !train_to(next) || !evaluate();
    }
    progress_.clear();
    finish(stopped);
    return stopped ? ExitCode::stopped : ExitCode::ok;
  }

 private:
  [[nodiscard]] std::uint64_t steps_taken() const { return trainer_.step() - plan_.start.step; }

  [[nodiscard]] std::uint64_t next_evaluation() const {
    return std::min(end_, (trainer_.step() / plan_.spec.eval_every + 1) * plan_.spec.eval_every);
  }

  /// In pieces of a fraction of a second, so that a signal is soon obeyed.
  /// @return false after a signal
  bool train_to(std::uint64_t step) {
    while (trainer_.step() < step) {
      if (interrupted()) return false;
      const auto start = Clock::now();
      const auto steps = pace_.next(step - trainer_.step());
      trainer_.train(steps);
      const double seconds = seconds_since(start);
      pace_.took(steps, seconds);
      training_seconds_ += seconds;
      progress_.update(static_cast<double>(steps_taken()), epoch_text());
    }
    return true;
  }

  /// What --save-best holds already is the best so far: the same machine at another step.
  /// @return false after a signal
  bool evaluate_best_before() {
    resume(trainer_, *plan_.best);
    std::vector<Evaluation> evaluation(1);
    const bool evaluated = trainer_.evaluate(options_, 0, evaluation);
    resume(trainer_, plan_.start);
    if (evaluated && !evaluation[0].diverged) best_.add(plan_.best->step, evaluation[0]);
    return evaluated;
  }

  /// @return false after a signal
  bool evaluate() {
    std::vector<Evaluation> evaluation(1);
    if (!trainer_.evaluate(options_, 0, evaluation)) return false;
    const auto step = trainer_.step();
    progress_.clear();
    table_.print(step, evaluation[0]);
    if (best_.add(step, evaluation[0]) && !plan_.save_best.empty()) save(plan_.save_best);
    if (!evaluation[0].diverged) hint();
    return true;
  }

  /// Passes over a data set so far, e.g. "epoch 3.2"; empty without one.
  [[nodiscard]] std::string epoch_text() const {
    const auto& ensemble = plan_.start.ensemble;
    const auto& world = ensemble.world;
    if (!world.is_data()) return "";
    const auto visits = static_cast<double>(trainer_.step()) * ensemble.batch;
    return fmt::format("epoch {:.1f}", visits / static_cast<double>(world.size()));
  }

  void print_header() const {
    if (plan_.output.json) return;
    if (options_.rows && !plan_.output.quiet) {
      note("log-likelihood ({})", report::likelihood_text(plan_.spec));
    }
    const bool bold = report::use_color(stdout, plan_.output.no_color);
    print_bytes(
        fmt::format("{}{}{}\n", bold ? "\x1b[1m" : "", table_.header(), bold ? "\x1b[0m" : ""));
  }

  /// Once, where the exact KL cannot be had and nothing else was asked for.
  void hint() {
    const auto& topology = plan_.start.ensemble.topology;
    const auto& world = plan_.start.ensemble.world;
    if (hinted_ || plan_.output.quiet || ranking_metric(options_, topology, world) != nullptr)
      return;
    hinted_ = true;
    if (world.is_data()) {
      note("helmholtz: rows of data have no KL; --log-likelihood 100 estimates their likelihood");
      return;
    }
    note(
        "helmholtz: layers {} have too many hidden states for the exact KL; "
        "--samples 10000 gives the sampled one",
        topology.to_string());
  }

  /// Whether patience is at its end before the steps are.
  [[nodiscard]] bool ends_early() const {
    return plan_.patience > 0 && best_.evaluations_since() >= plan_.patience &&
           trainer_.step() < end_;
  }

  void save(const std::filesystem::path& path) const {
    save_machine(path, machine_of(trainer_, plan_.start.data));
  }

  void finish(bool stopped) {
    if (!plan_.save.empty()) save(plan_.save);
    const auto digest = fmt::format("{:016x}", parameters_digest(trainer_.parameters(0)));
    const double rate =
        training_seconds_ > 0 ? static_cast<double>(steps_taken()) / training_seconds_ : 0;
    if (plan_.output.json) {
      print_done(stopped, digest, rate);
    } else if (!plan_.output.quiet) {
      note("{} at step {}: {} in {:.2f} s on {} ({} steps/s), parameters {}",
           stopped        ? "stopped"
           : ends_early() ? "ended early"
                          : "done",
           report::grouped(trainer_.step()), report::counted(steps_taken(), "step"),
           seconds_since(start_), trainer_.backend(), report::scaled(rate), digest);
      print_best();
    }
  }

  void print_best() const {
    if (!chooses()) return;
    note("best: {}{}", best_.text(),
         ends_early() && best_.is_there()
             ? fmt::format("; no better in {} after it",
                           report::counted(best_.evaluations_since(), "evaluation"))
             : "");
  }

  [[nodiscard]] bool chooses() const { return plan_.patience > 0 || !plan_.save_best.empty(); }

  /// `seconds` is the whole run; the rate is of the training alone, without evaluations.
  void print_done(bool stopped, const std::string& digest, double rate) const {
    Json json = {{"done", true},
                 {"seed", trainer_.ensemble().machines.front().seed},
                 {"backend", trainer_.backend()},
                 {"threads", threads_of(plan_.trainer.threads)},
                 {"steps", steps_taken()},
                 {"seconds", seconds_since(start_)},
                 {"machine_steps_per_second", rate},
                 {"parameters_xxh3", digest}};
    if (const auto kernel = trainer_.kernel(); !kernel.empty()) json["kernel"] = kernel;
    if (stopped) json["stopped"] = true;
    if (chooses()) json["best"] = best_.json();
    if (ends_early()) json["ended_early"] = true;
    print_json(json);
  }

  const TrainingPlan& plan_;
  Clock::time_point start_ = Clock::now();
  EvaluationOptions options_;
  EvaluationTable table_;
  BestSoFar best_;
  Trainer trainer_;
  std::uint64_t end_;
  report::Progress progress_;
  Pace pace_{1};
  double training_seconds_ = 0;
  bool hinted_ = false;
};

ExitCode train(const TrainFlags& flags) {
  const auto plan = make_plan(flags);
  catch_interrupts();
  return TrainingRun(plan).run();
}

}  // namespace

Command add_train(CLI::App& program) {
  return make_command(program,
                      {.name = "train",
                       .summary = "train one machine and watch how well it models its world",
                       .footer = kExamples},
                      train);
}

}  // namespace helmholtz::app
