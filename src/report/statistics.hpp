#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/activity.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"
#include "report/distribution.hpp"

namespace helmholtz::report {

/// A sweep's results by configuration and evaluation, as Statistics reads them.
///
/// Keeps one double per machine and evaluation, so that quantiles are exact: the one of
/// SweepSpec::ranking_metrics() that its topology has. Where that is a KL and there is a
/// log-likelihood, that too.
class Summary : public ShardSink {
 public:
  explicit Summary(const SweepSpec& spec);

  void write(const Shard& shard) override;

  [[nodiscard]] const SweepSpec& spec() const noexcept { return spec_; }
  /// What the configuration's numbers are.
  [[nodiscard]] const Metric& metric(std::uint64_t c) const { return *series_.front().metrics[c]; }
  /// It in nats of a configuration's machines at an evaluation, by seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& values(std::uint64_t c, std::uint64_t e) const {
    return series_.front().values[c * spec_.evaluations() + e];
  }
  /// Moves the log-likelihood beside a KL into a summary of its own; nothing if there is none.
  std::optional<Summary> take_likelihood();

 private:
  struct Series {
    std::vector<const Metric*> metrics;       ///< [configurations]
    std::vector<std::vector<double>> values;  ///< [configurations x evaluations]
  };

  Summary(SweepSpec spec, Series series) : spec_(std::move(spec)), series_{std::move(series)} {}
  void add_series(std::vector<const Metric*> metrics);

  SweepSpec spec_;
  std::vector<Series> series_;  // what ranks; then the log-likelihood, if it does not
};

/// What a sweep's log-likelihood is of: "held-out: split valid, 1,000 rows, K = 100", "of the
/// world's 12 patterns, K = 100".
std::string likelihood_text(const SweepSpec& spec);

/// Machines of one configuration at one evaluation: what ranks them (a KL or the log-likelihood),
/// of those that have not diverged, in nats. +inf counts as larger than any number.
struct CellStatistics {
  Distribution values;
  std::uint64_t diverged = 0;
  std::uint64_t infinite = 0;  ///< of values.n; a pattern of the world is in none of their samples
  Estimate interquartile_mean = {};
  /// Of all machines, diverged ones included, those whose KL, or negative log-likelihood, is below
  /// the threshold.
  Estimate success = {};
  std::optional<std::uint64_t> best_seed = {};  ///< the first one of the best value

  [[nodiscard]] std::uint64_t machines() const { return values.n + diverged; }
};

/// Two configurations on the same seeds: each seed is a pair of machines that saw the same draws.
///
/// A machine is better if its KL is lower, or its log-likelihood higher; one that diverged is worse
/// than any that did not, also than one at +inf. Two that diverged, or two equal values, are a tie.
/// Differences are taken where both are finite; every seed counts for the share and the test.
struct PairedComparison {
  std::uint64_t pairs = 0;
  std::uint64_t a_better = 0;
  std::uint64_t b_better = 0;
  std::uint64_t diverged = 0;        ///< pairs without a difference: a machine diverged
  std::uint64_t infinite = 0;        ///< pairs without a difference: none diverged, one is at +inf
  Distribution difference = {};      ///< A minus B, nats; n: pairs of finite ones
  Estimate interquartile_mean = {};  ///< of the differences, nats
  Estimate a_share = {};             ///< in which A is better, among pairs without a tie
  /// Two-sided sign test (Arbuthnot 1710; Conover 1999, 3.4): the probability of a split at least
  /// as uneven among pairs without a tie if both were equally often better; binomial, exact, by
  /// Boost.Math. NaN if all are ties.
  double p_value = 0;

  [[nodiscard]] std::uint64_t ties() const { return pairs - a_better - b_better; }
};

/// @param a, b    values of machines with the same seeds in the same order, nats; NaN: diverged
/// @param metric  what they are
PairedComparison compare(std::span<const double> a, std::span<const double> b,
                         const Metric& metric);

/// A machine by its number, and what ranks it at the last evaluation.
struct Ranked {
  std::uint64_t machine = 0;
  std::uint64_t seed = 0;
  double value = 0;  ///< nats
};
struct Ranking {
  Ranked best, median, worst;
};

/// A machine with what it learned.
struct TrainedMachine {
  std::string title;  ///< e.g. "best machine"
  Ranked machine;
  std::vector<float> parameters;  ///< [parameters of its topology], after the last step, finite
  UnitActivity activity = {};     ///< activity_of() (report/html/html_report.hpp)
};

/// Statistics of a sweep's results, computed once, on all threads: each number is a function of
/// the results alone.
class Statistics {
 public:
  /// @param success_below  nats; a machine whose KL, or negative log-likelihood, is below it is a
  ///                       success
  explicit Statistics(Summary summary, std::optional<double> success_below = {});

  [[nodiscard]] const SweepSpec& spec() const noexcept { return summary_.spec(); }
  /// What its numbers are.
  [[nodiscard]] const Metric& metric(std::uint64_t c) const { return summary_.metric(c); }
  /// E.g. "exact", "sampled", "log-likelihood".
  [[nodiscard]] std::string_view kind(std::uint64_t c) const { return metric(c).kind; }
  /// What the numbers of all configurations are in words: "KL" or "log-likelihood".
  [[nodiscard]] std::string_view short_name() const;
  /// "exact KL", "exact or sampled KL", "log-likelihood".
  [[nodiscard]] std::string name() const;
  /// The same in full: "exact KL(world || model)", "log-likelihood (held-out: split valid,
  /// 1,000 rows, K = 100)".
  [[nodiscard]] std::string full_name() const { return full_name_of(name()); }
  [[nodiscard]] std::string full_name(std::uint64_t c) const {
    return full_name_of(std::string(metric(c).title));
  }
  /// Whether a higher value is the better one, of all configurations.
  [[nodiscard]] bool higher_is_better() const { return metric(0).better == Metric::Better::higher; }
  [[nodiscard]] std::optional<double> success_below() const noexcept { return success_below_; }

  /// Of the log-likelihood, where machines are ranked by a KL; null without it.
  [[nodiscard]] const Statistics* likelihood() const noexcept { return likelihood_.get(); }

  [[nodiscard]] const CellStatistics& cell(std::uint64_t c, std::uint64_t e) const {
    return cells_[c * spec().evaluations() + e];
  }
  [[nodiscard]] const CellStatistics& last(std::uint64_t c) const {
    return cell(c, spec().evaluations() - 1);
  }
  /// Values at the last evaluation by seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& last_values(std::uint64_t c) const {
    return summary_.values(c, spec().evaluations() - 1);
  }
  /// Machines of all configurations that have diverged at the last evaluation, or are at +inf.
  [[nodiscard]] std::uint64_t diverged() const { return total(&CellStatistics::diverged); }
  [[nodiscard]] std::uint64_t infinite() const { return total(&CellStatistics::infinite); }

  /// Configurations with a finished machine, by the median at the last evaluation, best first;
  /// those without a median last.
  [[nodiscard]] std::vector<std::uint64_t> best_first() const;
  /// The best machines at the last evaluation, best first, at most `most`.
  [[nodiscard]] std::vector<Ranked> best_machines(std::uint64_t c, std::size_t most) const;
  /// Nothing if every machine of the configuration diverged or none has finished.
  [[nodiscard]] std::optional<Ranking> ranking(std::uint64_t c) const;
  /// Configuration a against b at the last evaluation.
  [[nodiscard]] PairedComparison compare(std::uint64_t a, std::uint64_t b) const {
    return report::compare(last_values(a), last_values(b), metric(a));
  }

 private:
  [[nodiscard]] std::uint64_t total(std::uint64_t CellStatistics::*count) const;
  [[nodiscard]] CellStatistics describe_cell(const std::vector<double>& values) const;
  [[nodiscard]] std::string full_name_of(const std::string& name) const;

  Summary summary_;
  std::shared_ptr<const Statistics> likelihood_;
  std::optional<double> success_below_;
  std::vector<CellStatistics> cells_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
