#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/bootstrap.hpp"
#include "report/paired.hpp"
#include "report/summary.hpp"

namespace helmholtz::report {

/// Machines of one configuration at one evaluation. KL of those that have not diverged, in nats;
/// +inf counts as larger than any number.
struct CellStatistics {
  Distribution kl;
  std::uint64_t diverged = 0;
  std::uint64_t infinite = 0;  ///< of kl.n; a pattern of the world is in none of their samples
  double interquartile_mean = 0;
  Interval interquartile_mean_interval = {};
  /// Of all machines, diverged ones included, those whose KL is below the threshold.
  Share success = {};
  std::optional<std::uint64_t> best_seed = {};  ///< the first one of the smallest KL

  [[nodiscard]] std::uint64_t machines() const { return kl.n + diverged; }
};

/// A machine by its number, and its KL at the last evaluation.
struct Ranked {
  std::uint64_t machine = 0;
  std::uint64_t seed = 0;
  double kl = 0;  ///< nats
};
struct Ranking {
  Ranked best, median, worst;
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
  /// Machines that have diverged at the last evaluation, of all configurations.
  [[nodiscard]] std::uint64_t diverged() const;

  /// Configurations with a finished machine, by the median KL at the last evaluation, best first;
  /// those without a median last.
  [[nodiscard]] std::vector<std::uint64_t> best_first() const;
  /// The machines of the smallest KL at the last evaluation, best first, at most `most`.
  [[nodiscard]] std::vector<Ranked> best_machines(std::uint64_t c, std::size_t most) const;
  /// Nothing if every machine of the configuration diverged or none has finished.
  [[nodiscard]] std::optional<Ranking> ranking(std::uint64_t c) const;
  /// Configuration a against b at the last evaluation.
  [[nodiscard]] PairedComparison compare(std::uint64_t a, std::uint64_t b) const;

 private:
  [[nodiscard]] CellStatistics describe_cell(const std::vector<double>& values) const;
  [[nodiscard]] Ranked ranked(std::uint64_t c, std::uint64_t i) const;

  Summary summary_;
  std::optional<double> success_below_;
  Bootstrap bootstrap_;
  std::vector<CellStatistics> cells_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
