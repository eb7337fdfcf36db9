#include "report/summary_csv.hpp"

#include <cmath>

#include <fmt/format.h>

#include "model/text.hpp"

namespace helmholtz::report {

namespace {

/// Empty for NaN.
std::string number(double value) { return std::isnan(value) ? "" : text::shortest(value); }

/// A field with commas, such as layers, is quoted (RFC 4180).
std::string quoted(const std::string& field) { return '"' + field + '"'; }

}  // namespace

std::string summary_csv(const Summary& summary) {
  const auto& spec = summary.spec();
  std::string text =
      "configuration,layers,lr,batch,schedule,init,step,kl,n,diverged,mean,sd,"
      "min,q05,q25,median,q75,q95,max\n";
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto configuration = spec.configuration(c);
    const auto prefix = fmt::format(
        "{},{},{},{},{},{}", c, quoted(spec.topologies[configuration.topology].to_string()),
        text::shortest(configuration.rate), configuration.batch, configuration.schedule.to_string(),
        configuration.initialisation.to_string());
    for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
      const auto cell = summary.cell(c, e);
      text += fmt::format("{},{},{},{},{},{},{}", prefix, spec.evaluation_step(e),
                          summary.is_exact(c) ? "exact" : "sampled", cell.kl.n, cell.diverged,
                          number(cell.kl.mean), number(cell.kl.sd));
      for (const double q : cell.kl.quantiles) text += ',' + number(q);
      text += '\n';
    }
  }
  return text;
}

}  // namespace helmholtz::report
