#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <vector>

#include "app/exit_code.hpp"
#include "app/flags.hpp"
#include "app/output.hpp"
#include "app/part.hpp"
#include "helmholtz/run_directory.hpp"
#include "report/html/html_report.hpp"
#include "report/statistics.hpp"

namespace helmholtz::app {

/// One sweep's work on its directory, and what is reported about it.
class SweepRun {
 public:
  SweepRun(const SweepSpec& spec, const OutputOptions& output, const std::filesystem::path& out,
           ChosenPart part, std::optional<double> success_below = {});

  /// Trains what is missing of the part, with a progress line, and writes summary.csv if that was
  /// the last of the whole sweep.
  /// @return the whole sweep's results; nothing after a stop, or where other parts are missing
  std::optional<report::Statistics> complete();

  /// Does that, and prints what came of it.
  ExitCode run();

  /// Where complete() has put the results.
  [[nodiscard]] RunDirectory& directory() noexcept { return directory_; }
  [[nodiscard]] bool stopped() const noexcept { return outcome_.stopped; }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] PartShare share() const;
  void say_part() const;
  void say_what_is_there() const;
  void train();
  [[nodiscard]] double rate() const { return seconds_ > 0 ? outcome_.machine_steps / seconds_ : 0; }
  [[nodiscard]] Json done_json(std::uint64_t machines, std::uint64_t diverged) const;
  void finish(const report::Statistics& statistics) const;
  void print_report(const report::Statistics& statistics) const;
  void write_html(const report::Statistics& statistics,
                  std::vector<report::TrainedMachine> machines) const;
  [[nodiscard]] ExitCode finish_part() const;

  const SweepSpec& spec_;
  const OutputOptions& output_;
  std::optional<double> success_below_;
  ChosenPart part_;
  RunDirectory directory_;
  SweepOutcome outcome_;
  double seconds_ = 0;
};

}  // namespace helmholtz::app
