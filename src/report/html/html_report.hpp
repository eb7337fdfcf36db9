#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "report/html/gnuplot.hpp"
#include "report/statistics.hpp"

namespace helmholtz::report {

/// How often the units of a sweep's machine are on: while it recognises rows that a log-likelihood
/// is of, or the most probable patterns of the world, at most 1,000, and generates as many
/// patterns.
/// @param spec        its data set loaded
/// @param parameters  of the machine
UnitActivity activity_of(const SweepSpec& spec, const Ranked& machine,
                         std::span<const float> parameters);

struct HtmlReportOptions {
  std::vector<TrainedMachine> machines = {};  ///< of the best configuration
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
