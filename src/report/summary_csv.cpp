#include "report/summary_csv.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::report {

namespace {

constexpr std::string_view kColumns =
    "step,kl,n,diverged,mean,sd,"
    "min,q05,q25,median,q75,q95,max,iqm,iqm_low,iqm_high,"
    "success_below,success,success_low,success_high,best_seed,infinite\n";

/// With its comma; empty for NaN.
std::string field(double value) { return std::isnan(value) ? "," : ',' + text::shortest(value); }

std::string columns() {
  std::string names = "configuration,";
  for (const auto* const setting : swept_fields()) names.append(setting->name) += ',';
  return names.append(kColumns);
}

std::string statistics_fields(const CellStatistics& cell, std::optional<double> success_below) {
  auto text = field(cell.kl.mean) + field(cell.kl.sd);
  for (const double q : cell.kl.quantiles) text += field(q);
  text += field(cell.interquartile_mean) + field(cell.interquartile_mean_interval.low) +
          field(cell.interquartile_mean_interval.high);
  text += field(success_below.value_or(std::nan(""))) + field(cell.success.value) +
          field(cell.success.interval.low) + field(cell.success.interval.high);
  text += cell.best_seed ? fmt::format(",{}", *cell.best_seed) : ",";
  return text + fmt::format(",{}", cell.infinite);
}

}  // namespace

std::string summary_csv(const Statistics& statistics) {
  const auto& spec = statistics.spec();
  auto text = columns();
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto prefix = fmt::format("{},{}", c, csv_fields(configuration_texts(spec, c), true));
    for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
      const auto& cell = statistics.cell(c, e);
      text += fmt::format("{}{},{},{},{}{}\n", prefix, spec.evaluation_step(e), statistics.kind(c),
                          cell.kl.n, cell.diverged,
                          statistics_fields(cell, statistics.success_below()));
    }
  }
  return text;
}

}  // namespace helmholtz::report
