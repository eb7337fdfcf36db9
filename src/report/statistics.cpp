#include "report/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "backends/workers.hpp"

namespace helmholtz::report {

namespace {

/// Positions of the values that are numbers, sorted up to place `count` by value, then position.
std::vector<std::uint64_t> order_of(const std::vector<double>& kl, std::size_t count) {
  std::vector<std::uint64_t> order;
  for (std::uint64_t i = 0; i < kl.size(); ++i) {
    if (!std::isnan(kl[i])) order.push_back(i);
  }
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  std::partial_sort(order.begin(), middle, order.end(), [&](std::uint64_t a, std::uint64_t b) {
    return std::pair(kl[a], a) < std::pair(kl[b], b);
  });
  return order;
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
  return {
      .machine = i * spec().configurations() + c, .seed = spec().seeds[i], .kl = last_values(c)[i]};
}

std::vector<Ranked> Statistics::best_machines(std::uint64_t c, std::size_t most) const {
  auto order = order_of(last_values(c), most);
  order.resize(std::min(order.size(), most));
  std::vector<Ranked> machines;
  for (const auto i : order) machines.push_back(ranked(c, i));
  return machines;
}

std::optional<Ranking> Statistics::ranking(std::uint64_t c) const {
  const auto& kl = last_values(c);
  const auto order = order_of(kl, kl.size());
  if (order.empty()) return std::nullopt;
  return Ranking{.best = ranked(c, order.front()),
                 .median = ranked(c, order[(order.size() - 1) / 2]),
                 .worst = ranked(c, order.back())};
}

PairedComparison Statistics::compare(std::uint64_t a, std::uint64_t b) const {
  return report::compare(last_values(a), last_values(b), bootstrap_);
}

}  // namespace helmholtz::report
