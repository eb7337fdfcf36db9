#include "report/html/html_report.hpp"

#include <string_view>

#include <fmt/format.h>

#include "report/html/html.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

/// What is missing of the page's pictures, and why; empty if nothing is.
std::string missing_pictures(const Gnuplot& gnuplot) {
  constexpr std::string_view kAll =
      "Missing are the pictures: KL over the steps, histograms, medians over the settings, "
      "probabilities of patterns.";
  const auto& failure = gnuplot.failure();
  if (gnuplot.is_there() && failure.empty()) return "";
  if (gnuplot.is_there()) {
    return fmt::format("<p class=\"note\">Pictures are missing: {}</p>\n", escaped(failure));
  }
  return fmt::format(
      "<p class=\"note\">{}. {} {}, <code>helmholtz report DIR</code> adds them.</p>\n",
      failure.empty() ? "gnuplot was not found where this page was made" : escaped(failure), kAll,
      failure.empty() ? "With gnuplot installed" : "With a gnuplot that draws SVG");
}

}  // namespace

std::string html_report(const Statistics& statistics, const HtmlReportOptions& options,
                        const Gnuplot& gnuplot) {
  auto body = table_section(statistics);
  if (options.compare) {
    body += comparison_section(statistics, options.compare->first, options.compare->second);
  }
  if (gnuplot.is_there()) {
    body += fan_section(statistics, gnuplot) + histogram_section(statistics, gnuplot) +
            settings_section(statistics, gnuplot);
  }
  body += machines_section(statistics.spec(), options.machines, gnuplot);
  // What failed is known when all is drawn.
  body = header_section(statistics) + missing_pictures(gnuplot) + body;
  const auto title = "Helmholtz sweep of " + counted(statistics.spec().machines(), "machine") +
                     ", " + statistics.spec().world.name();
  return page(title, body);
}

}  // namespace helmholtz::report
