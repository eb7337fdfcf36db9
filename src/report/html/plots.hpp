#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/distribution.hpp"
#include "report/html/gnuplot.hpp"

/// Pictures of a report, from aggregated numbers alone. All in nats. Each is an <svg>, or nothing
/// where gnuplot cannot draw or there is nothing to draw. Colours: Okabe & Ito, and cividis.
namespace helmholtz::report {

/// What the numbers of a picture are.
struct Labels {
  std::string_view name;  ///< e.g. "KL"
  bool higher_is_better = false;
};

/// How a distribution moves over the steps: 5 to 95 %, 25 to 75 %, median. A quantile of +inf, or
/// above the axis, leaves the picture at its upper edge.
/// @param steps, columns  as many
/// @param axis            its ends, finite
std::optional<std::string> draw_fan(const Gnuplot& gnuplot, const std::vector<double>& steps,
                                    const std::vector<Distribution>& columns, const Range& axis,
                                    const Labels& labels);

/// How many values fall into equal bins between low and high.
struct Histogram {
  double low = 0;
  double high = 1;
  std::vector<double> counts;
  std::uint64_t outside = 0;  ///< finite values beyond the ends
  std::uint64_t infinite = 0;
  std::uint64_t diverged = 0;
};
/// @param values  NaN: diverged
Histogram histogram_of(const std::vector<double>& values, double low, double high);
std::optional<std::string> draw_histogram(const Gnuplot& gnuplot, const Histogram& histogram,
                                          double median, const Labels& labels);

/// A setting of a sweep, and the entries that it has there.
struct Setting {
  std::string name;
  std::vector<std::string> entries;
};
/// Medians and quartiles side by side. @param all  [entries]; without machines: a gap
std::optional<std::string> draw_line(const Gnuplot& gnuplot, const Setting& setting,
                                     const std::vector<Distribution>& all, const Labels& labels);
/// Medians over two settings. @param all  [rows x columns]; without a finite median: an empty cell
std::optional<std::string> draw_heat_map(const Gnuplot& gnuplot, const Setting& rows,
                                         const Setting& columns,
                                         const std::vector<Distribution>& all,
                                         const Labels& labels);

/// Probabilities of numbered patterns in the world and in a model.
std::optional<std::string> draw_bars(const Gnuplot& gnuplot, const std::vector<double>& world,
                                     const std::vector<double>& model);

}  // namespace helmholtz::report
