#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "helmholtz/evaluation.hpp"

namespace helmholtz {

/// One number of an evaluation. Shards, exports, tables, `--json`, summaries and comparisons are
/// loops over metrics(): to add one is a member of Evaluation, a row here, and what computes it.
///
/// A shard has the columns that SweepSpec::evaluation_options() asks for. So a metric that is added
/// later needs an option of its own, off by default: directories of earlier versions have no column
/// for it, and do not ask for one.
struct Metric {
  /// Which of two values is the better one.
  enum class Better { neither, lower, higher };

  std::string_view name;     ///< its column, e.g. "kl_exact"
  std::string_view heading;  ///< in tables, e.g. "KL exact"
  // Of what ranks machines, else empty:
  std::string_view title;  ///< in text, e.g. "exact KL"
  std::string_view kind;   ///< in summaries and `--json`, e.g. "exact"
  double Evaluation::*value;
  Better better = Better::neither;
  bool is_count = false;  ///< a whole number (uint32 in files); else float64
  int decimals = 12;      ///< in tables of evaluations
  /// Whether exports and `--json` have it also where no evaluation computes it, empty.
  bool always_exported = false;
  /// Whether a value, no NaN, can be that of a machine in this world.
  bool (*is_in_range)(double value, const World& world);
  /// Whether an evaluation with these options computes it.
  bool (*is_wanted)(const EvaluationOptions& options);
  /// Whether it can be computed for machines of a topology in a world.
  bool (*is_feasible)(const Topology& topology, const World& world);

  /// The value, or its negative where higher is better: the lower, the better.
  [[nodiscard]] double cost(double of_value) const {
    return better == Better::higher ? -of_value : of_value;
  }
};

/// In the order of their columns.
std::span<const Metric> metrics();

/// Those that an evaluation with these options has a number of, unless the machine has diverged.
std::vector<const Metric*> computed_metrics(const EvaluationOptions& options,
                                            const Topology& topology, const World& world);
/// Those that exports and `--json` have: wanted or always_exported.
std::vector<const Metric*> exported_metrics(const EvaluationOptions& options);

/// The names of all metrics().
std::vector<std::string_view> metric_names();

/// A count as files have it: 0 where it was not computed.
std::uint32_t count_in_file(double value);

/// What ranks machines of a topology: the first of computed_metrics() that can, so a KL before the
/// log-likelihood. Null if there is none.
const Metric* ranking_metric(const EvaluationOptions& options, const Topology& topology,
                             const World& world);

}  // namespace helmholtz
