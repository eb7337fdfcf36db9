#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/html/gnuplot.hpp"
#include "report/statistics.hpp"

namespace helmholtz::report {

/// A machine of the best configuration with what it learned.
struct TrainedMachine {
  std::string title;  ///< e.g. "best machine"
  Ranked machine;
  std::vector<float> parameters;  ///< [parameters of its topology], after the last step
};

struct HtmlReportOptions {
  std::vector<TrainedMachine> machines = {};  ///< to be drawn; may be empty
  /// Configurations A and B to compare on the same seeds.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> compare = {};
};

/// A sweep on one page: what was run, configurations best first, how the KL moved and is spread,
/// medians over the settings, what some machines learned. The page needs nothing else: no script,
/// no network. Numbers are those of summary.csv. Without gnuplot, or where it fails,
/// it names the missing pictures, and why.
std::string html_report(const Statistics& statistics, const HtmlReportOptions& options,
                        const Gnuplot& gnuplot);

}  // namespace helmholtz::report
