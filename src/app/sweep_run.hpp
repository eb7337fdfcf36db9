#pragma once

#include <filesystem>
#include <optional>

#include "app/flags.hpp"
#include "app/part.hpp"
#include "hosts/team.hpp"
#include "report/statistics.hpp"
#include "report/terminal.hpp"

namespace helmholtz::app {

/// One sweep's work on its directory.
class SweepRun {
 public:
  /// @param team  the ranks that share the work, of which this process is the first; null: it is
  ///              alone
  SweepRun(const SweepSpec& spec, const OutputOptions& output, const std::filesystem::path& out,
           ChosenPart part, std::optional<double> success_below = {}, hosts::Team* team = nullptr);

  /// Trains what is missing of the part, with a progress line, and writes summary.csv if that was
  /// the last of the whole sweep.
  /// @return the whole sweep's results; nothing after a stop, or where other parts are missing
  std::optional<report::Statistics> complete();

  /// Where complete() has put the results.
  [[nodiscard]] RunDirectory& directory() noexcept { return directory_; }
  [[nodiscard]] PartShare share() const {
    return share_of(part_.part, spec_, directory_.shard_machines());
  }
  /// What complete() has trained, all ranks together, and for how long.
  [[nodiscard]] const SweepOutcome& outcome() const noexcept { return outcome_; }
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] double rate() const { return seconds_ > 0 ? outcome_.machine_steps / seconds_ : 0; }

 private:
  void announce() const;
  void train();
  SweepOutcome train_alone(report::Progress& progress);
  SweepOutcome train_with_others(report::Progress& progress);
  void wait_for_files();

  const SweepSpec& spec_;
  const OutputOptions& output_;
  std::optional<double> success_below_;
  ChosenPart part_;
  hosts::Team* team_;
  RunDirectory directory_;
  SweepOutcome outcome_;
  double seconds_ = 0;
};

}  // namespace helmholtz::app
