#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

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

/// Text as it stands in an element or an attribute of HTML: whatever it holds, it stays text; '?'
/// for control characters and for what is no UTF-8.
std::string escaped(std::string_view text);
/// A number as it stands in a table: four digits behind the point; ∞, or – for NaN.
std::string cell_number(double value);
/// A picture with its title above and a note below; all HTML.
std::string figure(const std::string& title, const std::string& picture, const std::string& note);

/// A tile with a caption below it; tiles side by side below a heading and a note. All HTML.
std::string tile_figure(const std::string& tile, const std::string& caption);
std::string tile_block(const std::string& heading, const std::string& note,
                       const std::string& tiles);
/// How often the units of each layer of a machine are on. HTML.
std::string activity_table(const SweepSpec& spec, const TrainedMachine& trained);

/// A pattern as a small picture, as <svg>: on dark, off light, by the page's style.
/// @param bits  0 or 1, row by row
std::string bit_tile(std::span<const std::uint8_t> bits, ImageShape shape);

/// A matrix as a small picture: blue below zero, red above (safe for the colour-blind), the colour
/// full at `scale`. @param values  row by row
std::string weight_tile(std::span<const float> values, ImageShape shape, float scale);

/// The weights of a machine: for each unit of the layer above the visible one what it generates
/// and what it recognises, in the shape of the world's patterns; the matrices of the layers above.
/// Not more than a page can carry. HTML.
std::string weight_tiles(const Topology& topology, ImageShape shape,
                         std::span<const float> parameters);

}  // namespace helmholtz::report
