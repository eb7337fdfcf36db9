#include "app/evaluation_output.hpp"

#include <cmath>

#include <fmt/format.h>

#include "app/output.hpp"
#include "helmholtz/metrics.hpp"

namespace helmholtz::app {

namespace {

/// Nats are wide enough to compare two programs by.
int width(const Metric& metric) { return metric.is_count ? 8 : 18; }

/// "-" where there is no value.
std::string cell_text(const Metric& metric, double value) {
  if (std::isnan(value)) return "-";
  return metric.is_count ? fmt::format("{:.0f}", value) : fmt::format("{:.12f}", value);
}

}  // namespace

std::string evaluation_json(std::uint64_t step, const Evaluation& evaluation) {
  Json json = {{"step", step}};
  bool infinite = false;
  for (const auto& metric : metrics()) {
    const double value = evaluation.*metric.value;
    const bool is_count = metric.is_count && !std::isnan(value);
    json[metric.name] = is_count ? Json(count_in_file(value)) : Json(value);
    infinite = infinite || std::isinf(value);
  }
  if (infinite) json["infinite"] = true;
  if (evaluation.diverged) json["diverged"] = true;
  return json_text(json);
}

std::string evaluation_header() {
  auto text = fmt::format("{:>15}", "step");
  for (const auto& metric : metrics()) text += fmt::format("{:>{}}", metric.heading, width(metric));
  return text;
}

std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation) {
  if (evaluation.diverged) return fmt::format("{:>15}{:>18}", step, "diverged");
  auto text = fmt::format("{:>15}", step);
  for (const auto& metric : metrics()) {
    text += fmt::format("{:>{}}", cell_text(metric, evaluation.*metric.value), width(metric));
  }
  return text;
}

}  // namespace helmholtz::app
