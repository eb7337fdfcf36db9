#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz::report {

/// How a KL was found, as reports name it.
inline std::string kl_kind(bool is_exact) { return is_exact ? "exact" : "sampled"; }

/// A sweep's results by configuration and evaluation, as Statistics reads them.
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

  /// The KL in nats of a configuration's machines at an evaluation, by seed number; NaN: diverged.
  [[nodiscard]] const std::vector<double>& values(std::uint64_t c, std::uint64_t e) const {
    return values_[c * spec_.evaluations() + e];
  }

 private:
  SweepSpec spec_;
  std::vector<bool> is_exact_;               // [configurations]
  std::vector<std::vector<double>> values_;  // [configurations x evaluations]
};

}  // namespace helmholtz::report
