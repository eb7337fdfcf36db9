#include "app/output.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::app {

void print_bytes(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError("standard output", std::strerror(errno));
  }
}

void print(std::string_view text) { print_bytes(text::printable(text, '\n')); }

void print_line(std::string_view text) { print(std::string(text) + '\n'); }

void note(std::string_view text) {
  const auto line = text::printable(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);  // nowhere left to report a failure
}

std::string shown(const std::filesystem::path& path) { return text::printable(path.string()); }

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  for (auto line : text::split(text, '\n')) {
    auto room = width;
    while (line.size() > room) {
      const auto space = line.rfind(' ', room);
      if (space == std::string::npos || space < line.find_first_not_of(' '))
        break;  // one long word
      out.append(line.substr(0, space)).append("\n").append(indent, ' ');
      line.remove_prefix(space + 1);
      room = width - indent;
    }
    out.append(line).append("\n");
  }
  out.pop_back();
  return out;
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

void print_json(const Json& json) { print_line(json_text(json)); }

namespace {

int width(const Metric& metric) {
  constexpr int kGap = 2;
  const int digits = metric.is_count ? 0 : metric.decimals + 6;
  return std::max(digits, static_cast<int>(metric.heading.size()) + kGap);
}

/// "-" where there is no value.
std::string cell_text(const Metric& metric, double value) {
  if (std::isnan(value)) return "-";
  return fmt::format("{:.{}f}", value, metric.is_count ? 0 : metric.decimals);
}

Json evaluation_json(std::uint64_t step, const Evaluation& evaluation,
                     std::span<const Metric* const> metrics) {
  Json json = {{"step", step}};
  bool infinite = false;
  for (const auto* const metric : metrics) {
    const double value = evaluation.*metric->value;
    const bool is_count = metric->is_count && !std::isnan(value);
    json[metric->name] = is_count ? Json(count_in_file(value)) : Json(value);
    infinite = infinite || std::isinf(value);
  }
  if (infinite) json["infinite"] = true;
  if (evaluation.diverged) json["diverged"] = true;
  return json;
}

std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation,
                           std::span<const Metric* const> metrics) {
  if (evaluation.diverged) return fmt::format("{:>15}{:>18}", step, "diverged");
  auto text = fmt::format("{:>15}", step);
  for (const auto* const metric : metrics) {
    text += fmt::format("{:>{}}", cell_text(*metric, evaluation.*metric->value), width(*metric));
  }
  return text;
}

}  // namespace

EvaluationTable::EvaluationTable(const EvaluationOptions& options, const Ensemble& ensemble,
                                 bool json)
    : metrics_(json ? exported_metrics(options)
                    : computed_metrics(options, ensemble.topology, ensemble.world)),
      json_(json) {}

std::string EvaluationTable::header() const {
  if (json_) return "";
  auto text = fmt::format("{:>15}", "step");
  for (const auto* const metric : metrics_) {
    text += fmt::format("{:>{}}", metric->heading, width(*metric));
  }
  return text;
}

void EvaluationTable::print(std::uint64_t step, const Evaluation& evaluation) const {
  json_ ? print_json(evaluation_json(step, evaluation, metrics_))
        : print_line(evaluation_row(step, evaluation, metrics_));
}

}  // namespace helmholtz::app
