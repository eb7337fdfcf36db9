#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "app/exit_code.hpp"
#include "app/flags.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz::app {

/// What `helmholtz train` is going to do, checked.
struct TrainingPlan {
  SavedMachine start;  ///< without parameters: a new machine
  SweepSpec spec;      ///< steps to take, and how they are evaluated
  TrainerOptions trainer;
  std::filesystem::path save;       ///< empty: not saved
  std::filesystem::path save_best;  ///< the best machine so far, at each improvement; empty: not
  std::uint64_t patience;           ///< ends after so many evaluations without one; 0: never
  OutputOptions output;
};

/// Trains one machine, evaluating it at each multiple of `eval_every` and after the last step, so
/// that a run in pieces prints what an uninterrupted one does.
/// The best machine is the one of the best evaluation of this run, by what ranks machines
/// (ranking_metric()).
/// @return ok, or stopped if a signal ended it early (what was reached is saved all the same)
ExitCode run_training(const TrainingPlan& plan);

}  // namespace helmholtz::app
