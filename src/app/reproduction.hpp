#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "report/statistics.hpp"

namespace helmholtz::app {

/// One sweep of an experiment, as `helmholtz sweep` takes it.
struct ExperimentPart {
  std::string name;   ///< of its folder
  std::string flags;  ///< separated by spaces; DATA/ stands for the folder of the data sets
  /// Of an experiment on data sets: the published test log-likelihood, nats per row.
  std::optional<double> published = {};
};

/// A published result, and the sweeps that compare with it.
struct Experiment {
  std::string name;
  std::string source;     ///< who published what
  std::string published;  ///< their result, in one sentence
  bool bits = false;      ///< the unit of the published result: bits, or nats
  /// The published KL: the share of machines that reach it is counted.
  std::optional<double> kl = {};
  /// Whether to ask the top layers for the direction of the shift (evaluate/shift_direction.hpp);
  /// the parts save all parameters.
  bool asks_direction = false;
  /// Whether its parts train on data sets, which are files of one folder: then their best
  /// configurations are evaluated on the test split. The parts save all parameters.
  bool on_data = false;
  std::vector<ExperimentPart> parts;
};

/// Published results and the sweeps that compare with them, in the order of --help.
const std::vector<Experiment>& experiments();

/// How often each machine's top layer shows the direction of the shift.
class Directions : public ShardSink {
 public:
  /// @param spec  must outlive this
  explicit Directions(const SweepSpec& spec) : spec_(spec), accuracies_(spec.configurations()) {}

  void write(const Shard& shard) override;
  /// shift_accuracy() over a configuration's machines.
  [[nodiscard]] report::Distribution of(std::uint64_t c) const {
    return report::describe(accuracies_[c]);
  }

 private:
  const SweepSpec& spec_;
  std::vector<std::vector<double>> accuracies_;  // [configurations]
};

/// What the sweeps of an experiment obtained, beside the published result.
class Reproduction {
 public:
  explicit Reproduction(const Experiment& experiment);

  /// nats; a machine below it reaches the published result.
  [[nodiscard]] std::optional<double> threshold() const;

  /// One part, all configurations.
  void add(const ExperimentPart& part, const report::Statistics& statistics,
           const std::optional<Directions>& directions);

  /// Prints all, best first: by the share that reaches the published result, then by the median.
  /// A table, or a JSON line per configuration.
  void show(bool json);

 private:
  /// One configuration's outcome.
  struct Outcome {
    std::string part;
    std::string configuration;
    report::CellStatistics cell;                    ///< KL in the experiment's unit
    std::optional<report::Distribution> direction;  ///< if the experiment asks for it
  };

  void show_json() const;
  void show_table() const;
  void show_total() const;
  void show_directions() const;
  [[nodiscard]] std::string_view unit() const { return experiment_.bits ? "bits" : "nats"; }

  const Experiment& experiment_;
  double nats_;  ///< of one unit
  std::vector<Outcome> outcomes_;
};

}  // namespace helmholtz::app
