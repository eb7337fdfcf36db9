#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz::report {

/// A sweep's results by configuration and evaluation, as Statistics reads them.
///
/// Keeps one double per machine and evaluation, so that quantiles are exact: the ranking_metric()
/// of the machine's topology.
class Summary : public ShardSink {
 public:
  explicit Summary(const SweepSpec& spec);

  void write(const Shard& shard) override;

  [[nodiscard]] const SweepSpec& spec() const noexcept { return spec_; }
  /// What the configuration's numbers are.
  [[nodiscard]] const Metric& metric(std::uint64_t c) const { return *metrics_[c]; }

  /// The KL in nats of a configuration's machines at an evaluation, by seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& values(std::uint64_t c, std::uint64_t e) const {
    return values_[c * spec_.evaluations() + e];
  }

 private:
  SweepSpec spec_;
  std::vector<const Metric*> metrics_;       // [configurations]
  std::vector<std::vector<double>> values_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
