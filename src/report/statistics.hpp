#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"
#include "report/distribution.hpp"

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

/// Machines of one configuration at one evaluation. KL of those that have not diverged, in nats;
/// +inf counts as larger than any number.
struct CellStatistics {
  Distribution kl;
  std::uint64_t diverged = 0;
  std::uint64_t infinite = 0;  ///< of kl.n; a pattern of the world is in none of their samples
  Estimate interquartile_mean = {};
  /// Of all machines, diverged ones included, those whose KL is below the threshold.
  Estimate success = {};
  std::optional<std::uint64_t> best_seed = {};  ///< the first one of the smallest KL

  [[nodiscard]] std::uint64_t machines() const { return kl.n + diverged; }
};

/// Two configurations on the same seeds: each seed is a pair of machines that saw the same draws.
///
/// A machine is better if its KL is lower; one that diverged is worse than any that did not, also
/// than one at +inf. Two that diverged, or two equal values, are a tie. Differences are taken
/// where both are finite; every seed counts for the share and the test.
struct PairedComparison {
  std::uint64_t pairs = 0;
  std::uint64_t a_better = 0;
  std::uint64_t b_better = 0;
  std::uint64_t diverged = 0;        ///< pairs without a difference: a machine diverged
  std::uint64_t infinite = 0;        ///< pairs without a difference: none diverged, one is at +inf
  Distribution difference = {};      ///< KL of A minus KL of B, nats; n: pairs of finite ones
  Estimate interquartile_mean = {};  ///< of the differences, nats
  Estimate a_share = {};             ///< in which A is better, among pairs without a tie
  /// Two-sided sign test (Arbuthnot 1710; Conover 1999, 3.4): the probability of a split at least
  /// as uneven among pairs without a tie if both were equally often better; binomial, exact, by
  /// Boost.Math. NaN if all are ties.
  double p_value = 0;

  [[nodiscard]] std::uint64_t ties() const { return pairs - a_better - b_better; }
};

/// @param a, b  the KL of machines with the same seeds in the same order, nats; NaN: diverged
PairedComparison compare(std::span<const double> a, std::span<const double> b);

/// A machine by its number, and its KL at the last evaluation.
struct Ranked {
  std::uint64_t machine = 0;
  std::uint64_t seed = 0;
  double kl = 0;  ///< nats
};
struct Ranking {
  Ranked best, median, worst;
};

/// A machine with what it learned.
struct TrainedMachine {
  std::string title;  ///< e.g. "best machine"
  Ranked machine;
  std::vector<float> parameters;  ///< [parameters of its topology], after the last step, finite
};

/// Statistics of a sweep's results, computed once, on all threads: each number is a function of
/// the results alone.
class Statistics {
 public:
  /// @param success_below  nats; a machine below it is a success
  explicit Statistics(Summary summary, std::optional<double> success_below = {});

  [[nodiscard]] const SweepSpec& spec() const noexcept { return summary_.spec(); }
  /// Which KL its numbers are: "exact" or "sampled".
  [[nodiscard]] std::string_view kind(std::uint64_t c) const { return summary_.metric(c).kind; }
  /// Of all configurations: "exact", "sampled", or "exact or sampled".
  [[nodiscard]] std::string kind() const;
  [[nodiscard]] std::optional<double> success_below() const noexcept { return success_below_; }

  [[nodiscard]] const CellStatistics& cell(std::uint64_t c, std::uint64_t e) const {
    return cells_[c * spec().evaluations() + e];
  }
  [[nodiscard]] const CellStatistics& last(std::uint64_t c) const {
    return cell(c, spec().evaluations() - 1);
  }
  /// KL at the last evaluation by seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& last_values(std::uint64_t c) const {
    return summary_.values(c, spec().evaluations() - 1);
  }
  /// Machines of all configurations that have diverged at the last evaluation, or are at +inf.
  [[nodiscard]] std::uint64_t diverged() const { return total(&CellStatistics::diverged); }
  [[nodiscard]] std::uint64_t infinite() const { return total(&CellStatistics::infinite); }

  /// Configurations with a finished machine, by the median KL at the last evaluation, best first;
  /// those without a median last.
  [[nodiscard]] std::vector<std::uint64_t> best_first() const;
  /// The machines of the smallest KL at the last evaluation, best first, at most `most`.
  [[nodiscard]] std::vector<Ranked> best_machines(std::uint64_t c, std::size_t most) const;
  /// Nothing if every machine of the configuration diverged or none has finished.
  [[nodiscard]] std::optional<Ranking> ranking(std::uint64_t c) const;
  /// Configuration a against b at the last evaluation.
  [[nodiscard]] PairedComparison compare(std::uint64_t a, std::uint64_t b) const {
    return report::compare(last_values(a), last_values(b));
  }

 private:
  [[nodiscard]] std::uint64_t total(std::uint64_t CellStatistics::*count) const;
  [[nodiscard]] CellStatistics describe_cell(const std::vector<double>& values) const;

  Summary summary_;
  std::optional<double> success_below_;
  std::vector<CellStatistics> cells_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
