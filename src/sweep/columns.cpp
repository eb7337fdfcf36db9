#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

namespace {

constexpr double kNotComputed = std::numeric_limits<double>::quiet_NaN();

/// One NaN for all, so that equal results have equal bits.
double canonical(double value) { return std::isnan(value) ? kNotComputed : value; }

}  // namespace

Shard::Shard(std::uint64_t first_machine, std::uint64_t machines, std::uint64_t evaluations_each,
             const EvaluationOptions& options)
    : first(first_machine),
      evaluations(evaluations_each),
      seeds(machines),
      configurations(machines),
      diverged(machines * evaluations_each) {
  for (const auto& metric : metrics()) {
    values.emplace_back(metric.is_wanted(options) ? diverged.size() : 0, kNotComputed);
  }
}

const std::vector<double>& Shard::column(std::string_view metric) const {
  const auto all = metrics();
  const auto found = std::ranges::find(all, metric, &Metric::name);
  if (found == all.end()) {
    throw InvalidArgument("metric", metric, fmt::format("{}", fmt::join(metric_names(), ", ")));
  }
  return values[static_cast<std::size_t>(found - all.begin())];
}

std::vector<double>& Shard::column(std::string_view metric) {
  const auto& column = std::as_const(*this).column(metric);
  return const_cast<std::vector<double>&>(column);  // NOLINT: this is not const
}

Evaluation Shard::evaluation(std::uint64_t k, std::uint64_t e) const {
  const auto i = k * evaluations + e;
  Evaluation evaluation{.diverged = diverged[i] != 0};
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (!values[c].empty()) evaluation.*metrics()[c].value = values[c][i];
  }
  return evaluation;
}

void Shard::set_evaluation(std::uint64_t k, std::uint64_t e, const Evaluation& evaluation) {
  const auto i = k * evaluations + e;
  diverged[i] = evaluation.diverged ? 1 : 0;
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (!values[c].empty()) values[c][i] = canonical(evaluation.*metrics()[c].value);
  }
}

void Shard::append(const Shard& later) {
  const auto add = [](auto& column, const auto& more) {
    column.insert(column.end(), more.begin(), more.end());
  };
  if (seeds.empty()) first = later.first;
  add(seeds, later.seeds);
  add(configurations, later.configurations);
  for (std::size_t c = 0; c < values.size(); ++c) add(values[c], later.values[c]);
  add(diverged, later.diverged);
  add(saved, later.saved);
  add(parameters, later.parameters);
}

std::uint64_t Shard::count_diverged() const {
  std::uint64_t count = 0;
  for (std::uint64_t k = 0; k < machines(); ++k) count += diverged[(k + 1) * evaluations - 1];
  return count;
}

}  // namespace helmholtz
