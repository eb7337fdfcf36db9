#include "app/sweep_flags.hpp"

#include <CLI/CLI.hpp>

#include "app/config_file.hpp"

namespace helmholtz::app {

SweepFlags::SweepFlags(CLI::App& command) : run_(command, RunFlags::Arity::list) {
  add_config_flag(command);
  command.add_option("--seeds", seeds_, "half-open ranges and seeds, e.g. 0:4096 or 1,2,10:20")
      ->type_name("A:B")
      ->group("Run")
      ->default_str(seeds_);
  command
      .add_option("--save-parameters", save_parameters_,
                  "trained parameters to keep: none, all, or best:K of each configuration and "
                  "shard")
      ->type_name("WHICH")
      ->group("Output")
      ->default_str(save_parameters_);
}

SweepSpec SweepFlags::spec(const RunOptions& options) const {
  return {.world = options.world,
          .topologies = options.topologies,
          .rates = options.rates,
          .rate_overrides = options.rate_overrides,
          .batches = options.batches,
          .schedules = options.schedules,
          .initialisations = options.initialisations,
          .seeds = SeedSet::parse(seeds_),
          .reduction = options.reduction,
          .nonnegative = options.nonnegative,
          .steps = options.steps,
          .eval_every = options.eval_every,
          .samples = options.samples,
          .save_parameters = SaveParameters::parse(save_parameters_),
          .backend = options.backend,
          .threads = options.threads,
          .devices = options.devices,
          .math = options.math};
}

}  // namespace helmholtz::app
