#pragma once

#include <filesystem>
#include <vector>

#include "app/flags.hpp"
#include "helmholtz/run_directory.hpp"
#include "report/html/html_report.hpp"

namespace helmholtz::app {

/// The best, the median and the worst machine of the best configuration: as the run keeps them, or
/// trained again, with a progress line. Empty if none has a value, or after a stop request.
/// @param run   complete
/// @param spec  of the run, its data set loaded
std::vector<report::TrainedMachine> portraits(const Run& run, const SweepSpec& spec,
                                              const report::Statistics& statistics,
                                              const OutputOptions& output);

/// report.html of a finished sweep. A gnuplot that fails is reported on stderr, but not if `quiet`.
/// @throws CannotCreate, IoError
void write_report(const std::filesystem::path& path, const report::Statistics& statistics,
                  const report::HtmlReportOptions& options, bool quiet);

}  // namespace helmholtz::app
