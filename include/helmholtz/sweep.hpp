#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/matrix_math.hpp"
#include "helmholtz/shard.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/trainer.hpp"
#include "helmholtz/world.hpp"

/// Many machines: every configuration of a few lists with every seed, trained shard by shard.
namespace helmholtz {

struct Metric;  // metrics.hpp

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
  /// Whether these seeds are the others, and perhaps more behind them.
  [[nodiscard]] bool begins_with(const SeedSet& others) const;

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
  int particles = 1;
  Hyperparameters setting = {};  ///< all but its rates: learning_rates()
};

/// One machine of a sweep.
struct SweepMachine {
  std::uint64_t configuration = 0;  ///< its number
  std::uint64_t seed = 0;
};

/// The machines whose trained parameters a sweep keeps beside their results.
struct SaveParameters {
  enum class Kind { none, best, all };
  Kind kind = Kind::none;
  std::uint64_t count = 0;  ///< best: of each configuration and shard, by the last evaluation

  static constexpr std::uint64_t kMaxBest = 1'000'000;

  /// Reads "none", "best:K" or "all". @throws InvalidArgument (field "save-parameters")
  static SaveParameters parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

/// A sweep: each configuration with each seed.
///
/// Configuration c counts through the lists like an odometer: layers slowest, then lr, batch,
/// particles, schedule, optimizer, and init fastest. Machine m has configuration m %
/// configurations() and seed number m / configurations(). So seeds are slowest: a sweep of more
/// seeds begins with the same machines.
struct SweepSpec {
  static constexpr std::uint64_t kMaxMachines = SeedSet::kMaxSeeds;
  static constexpr std::uint64_t kMaxConfigurations = 1'048'576;
  static constexpr std::uint64_t kMaxEvaluations = 1'000'000;  ///< of one machine

  World world = make_world("kirby3x3");  ///< or the rows of `dataset`
  DataSource data = {};  ///< where `dataset` is, if machines train on one: load_data()
  std::shared_ptr<const Dataset> dataset = {};
  Order order = Order::iid;
  std::vector<Topology> topologies = {Topology({1, 6, 9})};
  std::vector<double> rates = {0.05};
  LearningRateOptions rate_overrides = {};  ///< all but its `rate`, which `rates` replaces
  std::vector<int> batches = {1};
  std::vector<int> particles = {1};
  std::vector<Schedule> schedules = {{}};
  std::vector<Optimizer> optimizers = {{}};
  std::vector<Initialisation> initialisations = {{}};
  SeedSet seeds = SeedSet::parse("0:1024");
  BatchReduction reduction = BatchReduction::sum;
  bool nonnegative = false;
  std::uint64_t steps = 50'000;      ///< 0: the untrained machines are evaluated
  std::uint64_t eval_every = 5'000;  ///< steps; the last step is always evaluated
  std::uint64_t samples = 0;         ///< for the sampled KL; 0: exact only
  std::uint64_t log_likelihood = 0;  ///< particles per row for the log-likelihood; 0: none
  /// Of the data set, the split that the log-likelihood is of, and how many of its first rows. Left
  /// empty and 0, load_data() takes all rows of valid, or of train where there is no valid: test
  /// only where it is named.
  std::string split = {};
  std::uint64_t rows = 0;
  /// That split of `dataset`, as load_data() finds it; grey rows drawn once (binarised()).
  std::shared_ptr<const Rows> evaluated = {};
  SaveParameters save_parameters = {};
  std::string backend = "auto";
  int threads = 0;                ///< 0: as many as this process may use
  std::vector<int> devices = {};  ///< as in TrainerOptions
  MatrixMath math = MatrixMath::fp32;
  /// What every configuration has, besides the rates and what is in a list.
  Hyperparameters common = {};

  /// Reads the data set that `data` names, whose training rows become `world`; nothing if it names
  /// none. A run directory that is opened is not loaded: its world is_data(), without its rows.
  /// @throws InvalidArgument (fields "data", "train", "binarize", "samples", "split", "rows");
  ///         what load_dataset throws; if `world` is the rows of a data set, NoInput with the flag
  ///         that says where a file is now, and BadData for another data set
  void load_data();
  /// The same with rows that are in memory: `data` names no files, so that a run directory cannot
  /// keep the sweep. @throws likewise
  void train_on(std::shared_ptr<const Dataset> rows_in_memory);

  /// Reads TOML as `helmholtz sweep --config` does: the names of the program's flags, `lr = 0.01`,
  /// under no section or under [sweep]; what is left out has its default, eval-every steps / 10.
  /// @throws BadData for what is no TOML; InvalidArgument naming the field, or (field "config") for
  ///         a name that is no field; what make_world and load_data throw
  static SweepSpec from_toml(std::string_view text);
  /// Of rows that are in memory, as train_on().
  static SweepSpec from_toml(std::string_view text, std::shared_ptr<const Dataset> rows_in_memory);
  /// Reads a file, also config.toml of a run directory: if its pattern file has moved, the run's
  /// copy is used. @throws NoInput, IoError; as from_toml
  static SweepSpec from_toml_file(const std::filesystem::path& path);
  /// The whole spec; from_toml reads it back. Files of patterns and data have absolute paths.
  /// @throws InvalidArgument (the field, e.g. "world") for a path that is no UTF-8
  [[nodiscard]] std::string to_toml() const;

  /// @throws InvalidArgument if any part is out of range, does not fit the world, is twice in a
  ///         list as far as the arithmetic goes, or needs more memory than there is
  /// @throws NoDevice if the backend cannot run here
  void validate() const;

  [[nodiscard]] std::uint64_t configurations() const noexcept;
  [[nodiscard]] SweepConfiguration configuration(std::uint64_t c) const;
  [[nodiscard]] LearningRates learning_rates(const SweepConfiguration& configuration) const;
  /// Of configuration c.
  [[nodiscard]] const Topology& topology(std::uint64_t c) const {
    return topologies[configuration(c).topology];
  }
  [[nodiscard]] std::uint64_t machines() const noexcept { return configurations() * seeds.size(); }
  [[nodiscard]] SweepMachine machine(std::uint64_t m) const;
  /// The number of the machine with configuration c and seed number `seed`.
  [[nodiscard]] std::uint64_t machine_number(std::uint64_t c, std::uint64_t seed) const noexcept {
    return seed * configurations() + c;
  }

  /// Evaluations of one machine, at least one.
  [[nodiscard]] std::uint64_t evaluations() const noexcept;
  /// The step after which evaluation e takes place.
  [[nodiscard]] std::uint64_t evaluation_step(std::uint64_t e) const noexcept;

  /// What every evaluation computes. Of data that are not loaded, the rows are missing.
  [[nodiscard]] EvaluationOptions evaluation_options() const;
  /// What ranks the machines of each topology: helmholtz::ranking_metric(), but the log-likelihood
  /// of all where a topology has nothing else, so that the numbers of all compare.
  /// @return [topologies]; null where nothing ranks, which validate() refuses
  [[nodiscard]] std::vector<const Metric*> ranking_metrics() const;
  /// The log-likelihood where it is computed beside a KL, which ranks; else null.
  [[nodiscard]] const Metric* likelihood_beside() const;

  /// The backend that trains a kind of kinds(): a pure function of the spec, but that `auto` may
  /// take cuda-fused in place of cpu-fused, with the same results, where there is a GPU.
  [[nodiscard]] std::string resolved_backend(const SweepConfiguration& configuration) const;
  /// Backend, threads, devices and math.
  [[nodiscard]] TrainerOptions trainer_options() const;
  /// The same with resolved_backend().
  [[nodiscard]] TrainerOptions trainer_options(const SweepConfiguration& configuration) const;
  /// The backend of all its machines, or "auto" where kinds differ in it.
  [[nodiscard]] std::string common_backend() const;
  /// One configuration of every combination of what decides over ensembles and backends: the
  /// topology, the batch, the particles and the optimiser.
  [[nodiscard]] std::vector<SweepConfiguration> kinds() const;
  /// An ensemble of one configuration and some of the seeds.
  [[nodiscard]] Ensemble ensemble(const SweepConfiguration& configuration,
                                  std::span<const std::uint64_t> some_seeds) const;
  /// An ensemble of some machines, by number, that are of one kind.
  [[nodiscard]] Ensemble ensemble(std::span<const std::uint64_t> some_machines) const;

  /// Machines of one shard of a new sweep: about two seconds of one core's work, by a nominal cost
  /// of steps and evaluations, and at most 4 MiB. Neither the seeds nor the backend nor the threads
  /// nor the host change it.
  [[nodiscard]] std::uint64_t shard_machines() const;
  /// Shards of `each` machines, e.g. shard_machines() or those of a run directory; the last one may
  /// be shorter.
  [[nodiscard]] std::uint64_t shards(std::uint64_t each) const;
};

struct SweepProgress {
  std::uint64_t machines = 0;  ///< of trained shards
  std::uint64_t diverged = 0;  ///< among those
  double machine_steps = 0;    ///< taken so far
  double machine_steps_total = 0;
};

/// Shards [first, first + count) of a sweep.
struct ShardRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  [[nodiscard]] bool contains(std::uint64_t i) const { return i >= first && i - first < count; }
};

struct SweepOptions {
  std::uint64_t shard_machines = 0;  ///< 0: the spec's; evaluations do not depend on it
  /// Whether shard i is to be trained, asked before the first one; without it, all are.
  std::function<bool(std::uint64_t)> wanted = {};
  int threads = 0;                ///< 0: the spec's; results depend on neither of both
  std::vector<int> devices = {};  ///< none: the spec's
  /// If set, the shards that are trained next come from here, at most so many, and not all that are
  /// wanted in order. May wait, but not for long once given_up() is true; nothing ends the sweep.
  /// Asked from several threads at once.
  std::function<std::optional<ShardRange>(std::uint64_t most,
                                          const std::function<bool()>& given_up)>
      deal = {};
  /// Polled several times per second, by one thread at a time; true ends the sweep after the last
  /// finished shard.
  std::function<bool()> stop_requested = {};
  /// Called several times per second, by one thread at a time.
  std::function<void(const SweepProgress&)> progress = {};
};

struct SweepOutcome {
  std::uint64_t machines = 0;  ///< finished
  std::uint64_t diverged = 0;  ///< among those, at their last evaluation
  double machine_steps = 0;    ///< of finished and abandoned shards
  bool stopped = false;
  std::set<std::string> kernels = {};  ///< Trainer::kernel() of all trainers; none without a device
};

/// Trains and evaluates every machine of the wanted shards. Memory does not grow with their number.
/// @param sinks  each gets all shards, from another thread, while the next ones are trained; what
///               is trained when the sweep ends is written before this returns or throws
/// @throws what SweepSpec::validate, trainers and the sinks throw
SweepOutcome run_sweep(const SweepSpec& spec, const SweepOptions& options,
                       std::span<ShardSink* const> sinks);

/// The same with all results in memory: 12 bytes per machine, and 9 per evaluation of it, 16 more
/// with samples, 32 more with a log-likelihood; kept parameters besides.
/// @return every finished machine, as one shard
[[nodiscard]] Shard run_sweep(const SweepSpec& spec, const SweepOptions& options = {});

/// What a sweep would take to train and to evaluate, measured on machines of its own.
struct SweepEstimate {
  double seconds = 0;                   ///< of the whole sweep
  double machine_steps_per_second = 0;  ///< of its training alone
  double device_bytes = 0;              ///< of devices' memory, for the machines trained at once
};

/// Tries every topology, batch and number of particles of the spec for a share of about `seconds`.
/// @param stop_requested  asked many times per second; true ends it: the estimate is not to be read
SweepEstimate estimate_sweep(const SweepSpec& spec, double seconds,
                             const std::function<bool()>& stop_requested = {});

}  // namespace helmholtz
