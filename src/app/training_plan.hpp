#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "app/flags.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz::app {

/// The flags of `helmholtz train`, as typed.
struct TrainFlags {
  explicit TrainFlags(CLI::App& command);

  SpecFlags spec;
  std::string seed = "0";
  std::string rng = "philox";
  std::optional<std::string> save;
  std::optional<std::string> save_best;
  std::optional<std::string> patience;
  std::optional<std::string> from;
};

/// What `helmholtz train` is going to do, checked.
struct TrainingPlan {
  SavedMachine start;  ///< without parameters: a new machine
  /// With --from: what --save-best holds already, which only a better machine replaces.
  std::optional<SavedMachine> best;
  SweepSpec spec;  ///< steps to take, and how they are evaluated
  TrainerOptions trainer;
  std::filesystem::path save;       ///< empty: not saved
  std::filesystem::path save_best;  ///< the best machine so far, at each improvement; empty: not
  std::uint64_t patience;           ///< ends after so many evaluations without one; 0: never
  OutputOptions output;
};

/// @throws InvalidArgument naming the first flag that cannot be had
TrainingPlan make_plan(const TrainFlags& flags);

}  // namespace helmholtz::app
