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
  std::string_view name;     ///< its column, e.g. "kl_exact"
  std::string_view heading;  ///< in tables, e.g. "KL exact"
  /// Which KL(world || model) it is, e.g. "exact"; empty for what ranks no machine.
  std::string_view kind;
  double Evaluation::*value;
  bool is_count = false;  ///< a whole number (uint32 in files); else nats (float64)
  bool may_be_infinite = false;
  /// Whether an evaluation with these options computes it.
  bool (*is_wanted)(const EvaluationOptions& options);
  /// Whether it can be computed for a topology.
  bool (*is_feasible)(const Topology& topology);
};

/// In the order of their columns.
std::span<const Metric> metrics();

/// Their names, e.g. for a file's header.
std::vector<std::string_view> metric_names();

/// A count as files have it: 0 where it was not computed.
std::uint32_t count_in_file(double value);

/// The metric that ranks machines of a topology: the first KL that can be computed.
const Metric& ranking_metric(const Topology& topology);

}  // namespace helmholtz
