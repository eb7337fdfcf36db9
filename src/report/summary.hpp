#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "report/quantiles.hpp"

namespace helmholtz::report {

/// What a sweep's results add up to, for each configuration and evaluation.
///
/// Keeps one double a machine and evaluation, so that quantiles are exact: the exact KL where the
/// topology allows it, else the sampled one.
class Summary : public ShardSink {
 public:
  explicit Summary(const SweepSpec& spec);

  void write(const Shard& shard) override;

  [[nodiscard]] const SweepSpec& spec() const noexcept { return spec_; }
  /// Whether the configuration's numbers are the exact KL.
  [[nodiscard]] bool is_exact(std::uint64_t c) const { return is_exact_[c]; }

  /// Machines of a configuration at an evaluation: those that have not diverged, and the others.
  struct Cell {
    Distribution kl;  ///< nats
    std::uint64_t diverged = 0;
  };
  [[nodiscard]] Cell cell(std::uint64_t c, std::uint64_t e) const;

  /// Machines by their number, and their KL at the last evaluation.
  struct Ranked {
    std::uint64_t machine = 0;
    std::uint64_t seed = 0;
    double kl = 0;  ///< nats
  };
  struct Ranking {
    Ranked best, median, worst;
  };
  /// Nothing if every machine of the configuration diverged or none has finished.
  [[nodiscard]] std::optional<Ranking> ranking(std::uint64_t c) const;

  /// Configurations with a finished machine, by the median KL at the last evaluation, best first;
  /// those without a median last.
  [[nodiscard]] std::vector<std::uint64_t> best_first() const;

 private:
  /// By seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& values(std::uint64_t c, std::uint64_t e) const {
    return values_[c * spec_.evaluations() + e];
  }

  SweepSpec spec_;
  std::vector<bool> is_exact_;               // [configurations]
  std::vector<std::vector<double>> values_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
