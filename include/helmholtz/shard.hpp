#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "helmholtz/evaluation.hpp"

namespace helmholtz {

/// The results of consecutive machines, one column per quantity. Row k is machine first + k.
struct Shard {
  std::uint64_t first = 0;
  std::uint64_t evaluations = 0;              ///< E, of each machine
  std::vector<std::uint64_t> seeds;           ///< [machines]
  std::vector<std::uint32_t> configurations;  ///< [machines]
  /// One column per metric of metrics(): [machines x E], NaN where not computed or diverged; empty
  /// for what the sweep does not compute.
  std::vector<std::vector<double>> values;
  std::vector<std::uint8_t> diverged;  ///< [machines x E], 0 or 1
  std::vector<std::uint64_t> saved;    ///< machines whose parameters are kept, ascending
  std::vector<float> parameters;       ///< theirs after the last step, one after the other

  /// Room for `machines` rows with the metrics that the options ask for.
  Shard(std::uint64_t first, std::uint64_t machines, std::uint64_t evaluations,
        const EvaluationOptions& options);

  [[nodiscard]] std::uint64_t machines() const noexcept { return seeds.size(); }
  /// Of a metric of metrics(), e.g. "kl_exact". @throws InvalidArgument (field "metric")
  [[nodiscard]] const std::vector<double>& column(std::string_view metric) const;
  [[nodiscard]] std::vector<double>& column(std::string_view metric);
  /// Evaluation number e of row k.
  [[nodiscard]] Evaluation evaluation(std::uint64_t k, std::uint64_t e) const;
  void set_evaluation(std::uint64_t k, std::uint64_t e, const Evaluation& evaluation);
  /// Adds the rows of a later shard of the same sweep. After a gap, row k is no longer machine
  /// first + k.
  void append(const Shard& later);
  /// Machines that have diverged at their last evaluation.
  [[nodiscard]] std::uint64_t count_diverged() const;
};

/// Where a sweep's results go.
class ShardSink {
 public:
  virtual ~ShardSink() = default;
  /// A finished shard; they come in order, one at a time.
  virtual void write(const Shard& shard) = 0;
  /// Consecutive ones that were trained at once. Unless overridden: one after the other.
  virtual void write_all(std::span<const Shard> shards) {
    for (const auto& shard : shards) write(shard);
  }
};

}  // namespace helmholtz
