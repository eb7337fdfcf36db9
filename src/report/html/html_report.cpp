#include "report/html/html_report.hpp"

#include "report/html/html.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

std::string html_report(const Statistics& statistics, const HtmlReportOptions& options,
                        const Gnuplot& gnuplot) {
  auto body = header_section(statistics);
  if (!gnuplot.is_there()) {
    body +=
        "<p class=\"note\">gnuplot was not found where this page was made. Missing are the "
        "pictures: "
        "KL over the steps, histograms, medians over the settings, probabilities of patterns. With "
        "gnuplot installed, <code>helmholtz report DIR</code> adds them.</p>\n";
  }
  body += table_section(statistics);
  if (options.compare) {
    body += comparison_section(statistics, options.compare->first, options.compare->second);
  }
  if (gnuplot.is_there()) {
    body += fan_section(statistics, gnuplot) + histogram_section(statistics, gnuplot) +
            settings_section(statistics, gnuplot);
  }
  body += machines_section(statistics.spec(), options.machines, gnuplot);
  const auto title = "Helmholtz sweep of " + counted(statistics.spec().machines(), "machine") +
                     ", " + statistics.spec().world.name();
  return page(title, body);
}

}  // namespace helmholtz::report
