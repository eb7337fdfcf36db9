#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

/// Many machines: every configuration of a few lists with every seed, trained shard by shard.
namespace helmholtz {

/// The seeds of a sweep, kept as ranges: a million of them take a few bytes.
class SeedSet {
 public:
  static constexpr std::uint64_t kMaxSeeds = std::uint64_t{1} << 40U;

  /// Reads terms joined by commas: a seed "7", or a half-open range "0:4096".
  /// @throws InvalidArgument (field "seeds") for anything else, an empty range, a seed that occurs
  ///         twice, or more than kMaxSeeds seeds
  static SeedSet parse(std::string_view text);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Seed number `index`, in the order of the terms.
  [[nodiscard]] std::uint64_t operator[](std::uint64_t index) const;
  /// "0:4096" or "7,9,100:200"; parse() reads it back.
  [[nodiscard]] std::string to_string() const;

 private:
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t index = 0;  ///< of its first seed
  };

  void require_distinct(std::string_view text) const;

  std::vector<Range> ranges_;
  std::uint64_t size_ = 0;
};

/// One combination of a sweep's lists.
struct SweepConfiguration {
  std::size_t topology = 0;  ///< index into SweepSpec::topologies
  double rate = 0;
  int batch = 1;
  Schedule schedule;
  Initialisation initialisation;
};

/// A sweep: each configuration with each seed.
///
/// Configuration c counts through the lists like an odometer: layers slowest, then lr, batch,
/// schedule, and init fastest. Machine m has configuration m % configurations() and seed number
/// m / configurations(). So seeds are slowest: a sweep of more seeds begins with the same machines.
struct SweepSpec {
  static constexpr std::uint64_t kMaxMachines = SeedSet::kMaxSeeds;
  static constexpr std::uint64_t kMaxConfigurations = 1'048'576;
  static constexpr std::uint64_t kMaxEvaluations = 1'000'000;  ///< of one machine

  World world;
  std::vector<Topology> topologies;
  std::vector<double> rates = {0.05};
  LearningRateOptions rate_overrides = {};  ///< all but its `rate`, which `rates` replaces
  std::vector<int> batches = {1};
  std::vector<Schedule> schedules = {{}};
  std::vector<Initialisation> initialisations = {{}};
  SeedSet seeds = {};
  BatchReduction reduction = BatchReduction::sum;
  bool nonnegative = false;
  std::uint64_t steps = 50'000;      ///< 0: the untrained machines are evaluated
  std::uint64_t eval_every = 5'000;  ///< steps; the last step is always evaluated
  std::uint64_t samples = 0;         ///< for the sampled KL; 0: exact only
  std::string backend = "auto";
  int threads = 0;                ///< 0: all cores
  std::vector<int> devices = {};  ///< as in TrainerOptions

  /// @throws InvalidArgument if any part is out of range, does not fit the world, or needs more
  ///         memory than there is
  /// @throws Error (ExitCode::no_device) if the backend cannot run here
  void validate() const;

  [[nodiscard]] std::uint64_t configurations() const noexcept;
  [[nodiscard]] SweepConfiguration configuration(std::uint64_t c) const;
  [[nodiscard]] LearningRates learning_rates(const SweepConfiguration& configuration) const;
  [[nodiscard]] std::uint64_t machines() const noexcept { return configurations() * seeds.size(); }

  /// Evaluations of one machine, at least one.
  [[nodiscard]] std::uint64_t evaluations() const noexcept;
  /// The step after which evaluation e takes place.
  [[nodiscard]] std::uint64_t evaluation_step(std::uint64_t e) const noexcept;

  /// The backend that trains a topology and batch. `auto` is decided once, for kShardMachines
  /// machines, so that neither the number of seeds nor a short last shard changes it.
  [[nodiscard]] std::string resolved_backend(const SweepConfiguration& configuration) const;
  /// The backend of all its machines, or "auto" where topologies or batches differ in it.
  [[nodiscard]] std::string common_backend() const;
  /// An ensemble of one configuration and some of the seeds.
  [[nodiscard]] Ensemble ensemble(const SweepConfiguration& configuration,
                                  std::span<const std::uint64_t> some_seeds) const;

  static constexpr std::uint64_t kShardMachines = 4096;
  /// Machines of one shard: kShardMachines, fewer for large layers, batches, or many evaluations.
  [[nodiscard]] std::uint64_t shard_machines() const;
};

/// One evaluation of one machine.
struct ResultRow {
  std::uint64_t machine = 0;
  std::uint64_t seed = 0;
  std::uint64_t configuration = 0;
  std::uint64_t evaluation_number = 0;  ///< e of SweepSpec::evaluation_step
  std::uint64_t step = 0;
  Evaluation evaluation;
};

/// Where a sweep's results go.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// The rows of a finished shard, by machine and then by step; shards come in order.
  virtual void write(std::span<const ResultRow> rows) = 0;
};

struct SweepProgress {
  std::uint64_t machines = 0;  ///< of finished shards
  std::uint64_t diverged = 0;  ///< among those
  double machine_steps = 0;    ///< taken so far
  double machine_steps_total = 0;
};

struct SweepOptions {
  std::uint64_t shard_machines = 0;  ///< 0: as the spec says; results do not depend on it
  /// Asked several times a second; true ends the sweep after the last finished shard.
  std::function<bool()> stop_requested = {};
  /// Told several times a second, on the calling thread.
  std::function<void(const SweepProgress&)> progress = {};
};

struct SweepOutcome {
  std::uint64_t machines = 0;  ///< finished
  std::uint64_t diverged = 0;  ///< among those, at their last evaluation
  double machine_steps = 0;    ///< of finished and abandoned shards
  bool stopped = false;
};

/// Trains and evaluates every machine of the spec. Memory does not grow with their number.
/// @param sinks  each gets all rows
/// @throws what SweepSpec::validate and the sinks throw
SweepOutcome run_sweep(const SweepSpec& spec, const SweepOptions& options,
                       std::span<ResultSink* const> sinks);

/// Machine-steps a second of the spec's first configuration, measured for about `seconds` on
/// machines that are thrown away.
double measure_sweep_rate(const SweepSpec& spec, double seconds);

}  // namespace helmholtz
