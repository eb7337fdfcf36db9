#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "report/distribution.hpp"
#include "report/statistics.hpp"

namespace helmholtz::app {

/// The test log-likelihood, in nats per row, of the machines of one configuration whose parameters
/// a sweep on a data set keeps.
class HeldOut : public ShardSink {
 public:
  /// Particles per row: those that bench/results/reproduced.md has.
  static constexpr std::uint64_t kParticles = 1000;

  /// @param spec  with its data set, which has a test split; must outlive this
  HeldOut(const SweepSpec& spec, std::uint64_t configuration)
      : spec_(spec), configuration_(configuration) {}

  /// Passes over machines that have diverged. After a signal it does nothing more.
  void write(const Shard& shard) override;
  /// Over the machines; nothing after a signal.
  [[nodiscard]] std::optional<report::Distribution> values() const;

 private:
  const SweepSpec& spec_;
  std::uint64_t configuration_;
  std::vector<double> values_;
  bool stopped_ = false;
};

/// One data set's or topology's best configuration beside what was published.
struct HeldOutRow {
  std::string part;
  std::string configuration;
  std::optional<double> published;  ///< test log-likelihood, nats per row
  report::Distribution chosen_by;   ///< the sweep's own log-likelihood, of the split that chose
  std::string chosen_on;            ///< that split
  report::Distribution test;
};

/// A table, or a JSON line per row.
void show_held_out(const std::vector<HeldOutRow>& rows, bool json);

}  // namespace helmholtz::app
