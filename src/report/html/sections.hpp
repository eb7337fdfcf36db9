#pragma once

#include <string>

#include "report/html/html_report.hpp"

/// The parts of a report's page, each HTML; empty where a sweep has nothing of the kind.
namespace helmholtz::report {

/// Configurations whose distributions are drawn.
inline constexpr std::size_t kMostDrawn = 6;

std::string header_section(const Statistics& statistics);
/// Configurations at the last evaluation, best first.
std::string table_section(const Statistics& statistics);
std::string comparison_section(const Statistics& statistics, std::uint64_t a, std::uint64_t b);
std::string fan_section(const Statistics& statistics, const Gnuplot& gnuplot);
std::string histogram_section(const Statistics& statistics, const Gnuplot& gnuplot);
/// Over rate and hidden size where both vary, else over what varies.
std::string settings_section(const Statistics& statistics, const Gnuplot& gnuplot);
std::string machines_section(const SweepSpec& spec, const std::vector<TrainedMachine>& machines,
                             const Gnuplot& gnuplot);

/// A number as it stands in a table: four digits behind the point; ∞, or – for NaN.
std::string cell_number(double value);
/// A picture with its title above and a note below; all HTML.
std::string figure(const std::string& title, const std::string& picture, const std::string& note);

}  // namespace helmholtz::report
