#include "report/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "base/workers.hpp"

namespace helmholtz::report {

namespace {

/// Positions of the values that are numbers.
std::vector<std::uint64_t> numbers_in(const std::vector<double>& kl) {
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = 0; i < kl.size(); ++i) {
    if (!std::isnan(kl[i])) positions.push_back(i);
  }
  return positions;
}

/// Orders positions by value, then position.
auto by_value(const std::vector<double>& kl) {
  return
      [&kl](std::uint64_t a, std::uint64_t b) { return std::pair(kl[a], a) < std::pair(kl[b], b); };
}

}  // namespace

Statistics::Statistics(Summary summary, std::optional<double> success_below)
    : summary_(std::move(summary)),
      success_below_(success_below),
      cells_(spec().configurations() * spec().evaluations()) {
  Workers(spec().threads).for_each(cells_.size(), [&](std::size_t i) {
    cells_[i] = describe_cell(summary_.values(i / spec().evaluations(), i % spec().evaluations()));
  });
}

CellStatistics Statistics::describe_cell(const std::vector<double>& values) const {
  std::vector<double> sorted;
  sorted.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](double kl) { return !std::isnan(kl); });
  std::sort(sorted.begin(), sorted.end());
  CellStatistics out{.kl = describe_sorted(sorted), .diverged = values.size() - sorted.size()};
  const double largest = std::numeric_limits<double>::max();
  out.infinite = static_cast<std::uint64_t>(
      sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), largest));
  out.interquartile_mean = interquartile_mean(sorted);
  out.interquartile_mean_interval = bootstrap_.interquartile_mean_interval(sorted);
  if (!sorted.empty()) {
    const auto best = std::find(values.begin(), values.end(), sorted.front());
    out.best_seed = spec().seeds[static_cast<std::uint64_t>(best - values.begin())];
  }
  if (success_below_) {
    const auto below = std::lower_bound(sorted.begin(), sorted.end(), *success_below_);
    out.success = share_of(static_cast<std::uint64_t>(below - sorted.begin()), values.size());
  }
  return out;
}

std::string Statistics::kind() const {
  std::vector<std::string_view> kinds;
  for (const auto& metric : metrics()) {
    for (std::uint64_t c = 0; c < spec().configurations(); ++c) {
      if (&summary_.metric(c) != &metric) continue;
      kinds.push_back(metric.kind);
      break;
    }
  }
  return fmt::format("{}", fmt::join(kinds, " or "));
}

std::uint64_t Statistics::diverged() const {
  std::uint64_t count = 0;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) count += last(c).diverged;
  return count;
}

std::vector<std::uint64_t> Statistics::best_first() const {
  std::vector<std::pair<double, std::uint64_t>> medians;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) {
    if (last(c).machines() == 0) continue;
    const double median = last(c).kl.quantiles[kMedian];
    medians.emplace_back(std::isnan(median) ? std::numeric_limits<double>::infinity() : median, c);
  }
  std::sort(medians.begin(), medians.end());
  std::vector<std::uint64_t> configurations;
  for (const auto& [median, c] : medians) configurations.push_back(c);
  return configurations;
}

Ranked Statistics::ranked(std::uint64_t c, std::uint64_t i) const {
  return {.machine = spec().machine_number(c, i), .seed = spec().seeds[i], .kl = last_values(c)[i]};
}

std::vector<Ranked> Statistics::best_machines(std::uint64_t c, std::size_t most) const {
  auto order = numbers_in(last_values(c));
  most = std::min(most, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(order.begin(), end, order.end(), by_value(last_values(c)));
  order.resize(most);
  std::vector<Ranked> machines;
  for (const auto i : order) machines.push_back(ranked(c, i));
  return machines;
}

std::optional<Ranking> Statistics::ranking(std::uint64_t c) const {
  auto machines = numbers_in(last_values(c));
  if (machines.empty()) return std::nullopt;
  const auto order = by_value(last_values(c));
  const auto [best, worst] = std::minmax_element(machines.begin(), machines.end(), order);
  Ranking ranking{.best = ranked(c, *best), .median = {}, .worst = ranked(c, *worst)};
  const auto middle = machines.begin() + static_cast<std::ptrdiff_t>((machines.size() - 1) / 2);
  std::nth_element(machines.begin(), middle, machines.end(), order);
  ranking.median = ranked(c, *middle);
  return ranking;
}

PairedComparison Statistics::compare(std::uint64_t a, std::uint64_t b) const {
  return report::compare(last_values(a), last_values(b), bootstrap_);
}

}  // namespace helmholtz::report
