#include "app/output.hpp"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"

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

/// Nats are wide enough to compare two programs by.
int width(const Metric& metric) { return metric.is_count ? 8 : 18; }

/// "-" where there is no value.
std::string cell_text(const Metric& metric, double value) {
  if (std::isnan(value)) return "-";
  return metric.is_count ? fmt::format("{:.0f}", value) : fmt::format("{:.12f}", value);
}

Json evaluation_json(std::uint64_t step, const Evaluation& evaluation) {
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
  return json;
}

std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation) {
  if (evaluation.diverged) return fmt::format("{:>15}{:>18}", step, "diverged");
  auto text = fmt::format("{:>15}", step);
  for (const auto& metric : metrics()) {
    text += fmt::format("{:>{}}", cell_text(metric, evaluation.*metric.value), width(metric));
  }
  return text;
}

}  // namespace

std::string evaluation_header() {
  auto text = fmt::format("{:>15}", "step");
  for (const auto& metric : metrics()) text += fmt::format("{:>{}}", metric.heading, width(metric));
  return text;
}

void print_evaluation(std::uint64_t step, const Evaluation& evaluation, bool json) {
  json ? print_json(evaluation_json(step, evaluation))
       : print_line(evaluation_row(step, evaluation));
}

}  // namespace helmholtz::app
