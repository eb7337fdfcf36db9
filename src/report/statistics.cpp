#include "report/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/ranges.h>
#include <boost/math/distributions/binomial.hpp>

#include "base/workers.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

/// @param a, b  costs
bool is_better(double a, double b) { return a < b || (!std::isnan(a) && std::isnan(b)); }

double sign_test(std::uint64_t a_better, std::uint64_t b_better) {
  const auto n = static_cast<double>(a_better + b_better);
  if (n == 0) return kUndefined;
  const boost::math::binomial_distribution<double> fair(n, 0.5);
  const auto fewer = static_cast<double>(std::min(a_better, b_better));
  return std::min(1.0, 2 * boost::math::cdf(fair, fewer));
}

}  // namespace

Summary::Summary(const SweepSpec& spec) : spec_(spec) {
  const auto ranking = spec.ranking_metrics();
  std::vector<const Metric*> ranks;
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    ranks.push_back(ranking[spec.configuration(c).topology]);
  }
  add_series(std::move(ranks));
  if (const auto* const likelihood = spec.likelihood_beside()) {
    add_series(std::vector<const Metric*>(spec.configurations(), likelihood));
  }
}

void Summary::add_series(std::vector<const Metric*> metrics) {
  auto& series = series_.emplace_back();
  series.metrics = std::move(metrics);
  series.values.resize(spec_.configurations() * spec_.evaluations());
  for (auto& values : series.values) values.reserve(spec_.seeds.size());
}

void Summary::write(const Shard& shard) {
  for (auto& [of_configurations, values] : series_) {
    for (std::uint64_t k = 0; k < shard.machines(); ++k) {
      const std::uint64_t c = shard.configurations[k];
      const auto& column = shard.column(of_configurations[c]->name);
      for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
        values[c * shard.evaluations + e].push_back(column[k * shard.evaluations + e]);
      }
    }
  }
}

std::optional<Summary> Summary::take_likelihood() {
  if (series_.size() < 2) return std::nullopt;
  auto likelihood = std::move(series_.back());
  series_.pop_back();
  return Summary(spec_, std::move(likelihood));
}

std::string likelihood_text(const SweepSpec& spec) {
  const auto particles = grouped(spec.log_likelihood);
  if (!spec.world.is_data()) {
    return fmt::format("of the world's {}, K = {}", counted(spec.world.size(), "pattern"),
                       particles);
  }
  return fmt::format("{}: split {}, {}, K = {}", spec.split == "train" ? "trained on" : "held-out",
                     spec.split, counted(spec.rows, "row"), particles);
}

PairedComparison compare(std::span<const double> a, std::span<const double> b,
                         const Metric& metric) {
  PairedComparison out{.pairs = std::min(a.size(), b.size())};
  std::vector<double> differences;
  for (std::size_t i = 0; i < out.pairs; ++i) {
    if (is_better(metric.cost(a[i]), metric.cost(b[i]))) ++out.a_better;
    if (is_better(metric.cost(b[i]), metric.cost(a[i]))) ++out.b_better;
    if (std::isnan(a[i]) || std::isnan(b[i])) {
      ++out.diverged;
    } else if (std::isinf(a[i]) || std::isinf(b[i])) {
      ++out.infinite;
    } else {
      differences.push_back(a[i] - b[i]);
    }
  }
  std::sort(differences.begin(), differences.end());
  out.difference = describe_sorted(differences);
  out.interquartile_mean = interquartile_mean(differences);
  out.a_share = share_of(out.a_better, out.a_better + out.b_better);
  out.p_value = sign_test(out.a_better, out.b_better);
  return out;
}

Statistics::Statistics(Summary summary, std::optional<double> success_below)
    : summary_(std::move(summary)),
      success_below_(success_below),
      cells_(spec().configurations() * spec().evaluations()) {
  if (auto likelihood = summary_.take_likelihood()) {
    likelihood_ = std::make_shared<const Statistics>(*std::move(likelihood));
  }
  Workers(spec().threads).for_each(cells_.size(), [&](std::size_t i) {
    cells_[i] = describe_cell(summary_.values(i / spec().evaluations(), i % spec().evaluations()));
  });
}

CellStatistics Statistics::describe_cell(const std::vector<double>& values) const {
  std::vector<double> sorted;
  sorted.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](double value) { return !std::isnan(value); });
  std::sort(sorted.begin(), sorted.end());
  CellStatistics out{.values = describe_sorted(sorted), .diverged = values.size() - sorted.size()};
  out.infinite = static_cast<std::uint64_t>(
      std::ranges::count(sorted, std::numeric_limits<double>::infinity()));
  out.interquartile_mean = interquartile_mean(sorted);
  if (!sorted.empty()) {
    const double best_value = higher_is_better() ? sorted.back() : sorted.front();
    const auto best = std::find(values.begin(), values.end(), best_value);
    out.best_seed = spec().seeds[static_cast<std::uint64_t>(best - values.begin())];
  }
  if (success_below_) {
    const auto successes = std::ranges::count_if(
        sorted, [&](double value) { return metric(0).cost(value) < *success_below_; });
    out.success = share_of(static_cast<std::uint64_t>(successes), values.size());
  }
  return out;
}

std::string_view Statistics::short_name() const {
  return higher_is_better() ? metric(0).title : "KL";
}

std::string Statistics::name() const {
  if (higher_is_better()) return std::string(metric(0).title);
  std::set<std::string_view> kinds;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) kinds.insert(kind(c));
  return fmt::format("{} KL", fmt::join(kinds, " or "));
}

std::string Statistics::full_name_of(const std::string& name) const {
  return higher_is_better() ? fmt::format("{} ({})", name, likelihood_text(spec()))
                            : name + "(world || model)";
}

std::uint64_t Statistics::total(std::uint64_t CellStatistics::*count) const {
  std::uint64_t sum = 0;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) sum += last(c).*count;
  return sum;
}

std::vector<std::uint64_t> Statistics::best_first() const {
  std::vector<std::pair<double, std::uint64_t>> medians;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) {
    if (last(c).machines() == 0) continue;
    const double median = metric(c).cost(last(c).values.quantiles[kMedian]);
    medians.emplace_back(std::isnan(median) ? std::numeric_limits<double>::infinity() : median, c);
  }
  std::sort(medians.begin(), medians.end());
  std::vector<std::uint64_t> configurations;
  for (const auto& [median, c] : medians) configurations.push_back(c);
  return configurations;
}

std::vector<Ranked> Statistics::best_machines(std::uint64_t c, std::size_t most) const {
  const auto& values = last_values(c);
  std::vector<std::pair<double, std::uint64_t>> order;  // cost, number of the seed
  for (std::uint64_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) order.emplace_back(metric(c).cost(values[i]), i);
  }
  most = std::min(most, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(order.begin(), end, order.end());
  order.resize(most);
  std::vector<Ranked> machines;
  for (const auto& [cost, i] : order) {
    machines.push_back(
        {.machine = spec().machine_number(c, i), .seed = spec().seeds[i], .value = values[i]});
  }
  return machines;
}

std::optional<Ranking> Statistics::ranking(std::uint64_t c) const {
  const auto all = best_machines(c, last_values(c).size());
  if (all.empty()) return std::nullopt;
  return Ranking{.best = all.front(), .median = all[(all.size() - 1) / 2], .worst = all.back()};
}

}  // namespace helmholtz::report
