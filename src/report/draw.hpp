#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "helmholtz/world.hpp"
#include "report/statistics.hpp"

namespace helmholtz::report {

using Bits = std::vector<std::uint8_t>;

/// A pattern to draw, and a word to write under it.
struct Drawing {
  Bits bits;            ///< 0 or 1, row by row; as many as the shape has units
  std::string caption;  ///< may be empty; ASCII
};

/// Draws patterns side by side, as many as `columns` characters hold: # is on, · is off. A narrow
/// image has its pixels two characters wide, so that it looks square.
/// @return whole lines, each with its newline
std::string draw_patterns(std::span<const Drawing> drawings, ImageShape shape, int columns);

/// The units of a world's pattern k.
Bits pattern_bits(const World& world, std::size_t k);
/// A pattern as 0 and 1.
std::string digits(const Bits& bits);
/// Patterns of `units` units each that follow one another, as generate_patterns() returns them.
std::vector<Bits> split_patterns(const Bits& all, int units);

/// A picture in text of how a distribution moves: a column per distribution, left to right; light
/// shade from the 5 % to the 95 % quantile, dark from 25 % to 75 %, a bar at the median. Empty if
/// the axis is.
/// @param axis    its ends, e.g. axis_of(): what lies beyond is not drawn
/// @param labels  below the first and the last column
std::string fan_chart(const std::vector<Distribution>& columns, const Range& axis,
                      const std::string& first_label, const std::string& last_label);

/// The layers of a sweep's machine.
const Topology& topology_of(const SweepSpec& spec, const Ranked& machine);

/// Patterns that a machine generates after the last step.
std::vector<Bits> samples_of(const SweepSpec& spec, const TrainedMachine& trained,
                             std::uint64_t count);

/// What ranks a sweep's machine.
const Metric& metric_of(const SweepSpec& spec, const Ranked& machine);

/// Q of every pattern of the world: exact where possible, else the share of the spec's samples;
/// empty without either.
std::vector<double> model_probabilities(const SweepSpec& spec, const TrainedMachine& trained);

/// Numbers of the most probable patterns of a world, at most `most`; ties in the world's order.
std::vector<std::size_t> most_probable(const World& world, std::size_t most);

/// A machine in text: what ranks it, the world's patterns with their probability in the world and
/// in the model, and a few generated samples. Whole lines.
/// @param columns  width of the terminal, in characters
std::string portrait(const SweepSpec& spec, const TrainedMachine& trained, int columns);

}  // namespace helmholtz::report
