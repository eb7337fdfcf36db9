#pragma once

#include <filesystem>
#include <string>

#include "helmholtz/sweep.hpp"
#include "report/summary.hpp"
#include "sweep/output_file.hpp"

namespace helmholtz {

/// The sweep as a configuration file: the names of the program's flags.
std::string config_text(const SweepSpec& spec);

/// The columns of results.csv.
inline constexpr std::string_view kResultColumns =
    "machine,seed,layers,lr,batch,step,kl_exact,kl_sampled,unseen,status";

/// One line of results.csv. Numbers have the fewest digits that read back the same; +inf is `inf`,
/// what was not computed is empty; status is ok or diverged.
std::string result_line(const SweepSpec& spec, const ResultRow& row);

/// The bytes that a sweep's directory will take, about.
double estimated_bytes(const SweepSpec& spec);

/// The directory of one sweep:
/// - config.toml: runs the sweep again through --config;
/// - results.csv: a line a machine and evaluation, appended shard by shard;
/// - summary.csv: the distribution of the KL for each configuration and evaluation.
class RunDirectory : public ResultSink {
 public:
  /// Creates the directory with its parents.
  /// @throws CannotCreate if it exists and is not empty, or cannot be created
  RunDirectory(std::filesystem::path path, const SweepSpec& spec);

  /// @throws IoError; the lines of earlier shards stay
  void write(std::span<const ResultRow> rows) override;
  /// Writes summary.csv. @throws CannotCreate, IoError
  void finish(const report::Summary& summary);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  SweepSpec spec_;
  std::filesystem::path path_;
  OutputFile results_;
};

}  // namespace helmholtz
