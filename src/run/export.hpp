#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// Takes the bytes of an export, piece by piece.
using ExportOutput = std::function<void(std::string_view)>;

/// CSV, a line per machine and evaluation. Numbers have the fewest digits that read back the same;
/// +inf is `inf`, what was not computed is empty; status is ok or diverged; configuration is the
/// number that NPY and summary.csv have too.
class CsvExport : public ShardSink {
 public:
  /// The columns' names. Those of column_fields() stand before the step and at the end; between
  /// them exported_metrics() of the sweep.
  static std::string columns(const SweepSpec& spec);

  /// Writes the line of the columns' names.
  CsvExport(const SweepSpec& spec, ExportOutput output);
  void write(const Shard& shard) override;

 private:
  /// The columns that a configuration decides.
  struct Columns {
    std::string before_step;
    std::string after_status;
  };

  SweepSpec spec_;
  ExportOutput output_;
  std::vector<const Metric*> metrics_;
  std::vector<Columns> configurations_;
  std::vector<std::string> steps_;  // [evaluations]
};

/// NumPy's NPY, version 1: one array of records (machine, seed, configuration, step, the
/// exported_metrics() of the sweep, e.g. kl_exact, kl_sampled, unseen, and diverged), packed,
/// little-endian.
class NpyExport : public ShardSink {
 public:
  /// Writes the header. @param machines  how many will come
  NpyExport(const SweepSpec& spec, std::uint64_t machines, ExportOutput output);
  void write(const Shard& shard) override;

 private:
  SweepSpec spec_;
  ExportOutput output_;
  std::vector<const Metric*> metrics_;
};

}  // namespace helmholtz
