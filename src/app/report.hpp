#pragma once

#include <filesystem>
#include <vector>

#include "app/flags.hpp"
#include "report/html/html_report.hpp"

namespace helmholtz::app {

/// The best, the median and the worst machine of the best configuration, trained again, with a
/// progress line. Empty if none has a KL, or after a stop request.
/// @param spec  of the statistics, its data set loaded
std::vector<report::TrainedMachine> train_portraits(const SweepSpec& spec,
                                                    const report::Statistics& statistics,
                                                    const OutputOptions& output);

/// report.html of a finished sweep. A gnuplot that fails is reported on stderr, but not if `quiet`.
/// @throws CannotCreate, IoError
void write_report(const std::filesystem::path& path, const report::Statistics& statistics,
                  const report::HtmlReportOptions& options, bool quiet);

}  // namespace helmholtz::app
