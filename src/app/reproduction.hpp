#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/experiments.hpp"
#include "helmholtz/sweep.hpp"
#include "report/statistics.hpp"

namespace helmholtz::app {

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
  void print_table();
  /// A JSON line per configuration, in the same order.
  void print_json();

 private:
  /// One configuration's outcome.
  struct Outcome {
    std::string part;
    std::string configuration;
    report::CellStatistics cell;                    ///< nats
    std::optional<report::Distribution> direction;  ///< if the experiment asks for it
  };

  void sort();
  void print_total() const;
  void print_directions() const;
  [[nodiscard]] std::string_view unit() const { return experiment_.bits ? "bits" : "nats"; }
  [[nodiscard]] double in_unit(const report::CellStatistics& cell, std::size_t quantile) const {
    return cell.kl.quantiles[quantile] / nats_;
  }

  const Experiment& experiment_;
  double nats_;  ///< of one unit
  std::vector<Outcome> outcomes_;
};

}  // namespace helmholtz::app
