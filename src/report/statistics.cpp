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

namespace helmholtz::report {

namespace {

bool is_better(double a, double b) { return a < b || (!std::isnan(a) && std::isnan(b)); }

double sign_test(std::uint64_t a_better, std::uint64_t b_better) {
  const auto n = static_cast<double>(a_better + b_better);
  if (n == 0) return kUndefined;
  const boost::math::binomial_distribution<double> fair(n, 0.5);
  const auto fewer = static_cast<double>(std::min(a_better, b_better));
  return std::min(1.0, 2 * boost::math::cdf(fair, fewer));
}

}  // namespace

Summary::Summary(const SweepSpec& spec)
    : spec_(spec), values_(spec.configurations() * spec.evaluations()) {
  for (auto& values : values_) values.reserve(spec.seeds.size());
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    metrics_.push_back(&ranking_metric(spec.topology(c)));
  }
}

void Summary::write(const Shard& shard) {
  for (std::uint64_t k = 0; k < shard.machines(); ++k) {
    const std::uint64_t c = shard.configurations[k];
    const auto& kl = shard.values[static_cast<std::size_t>(metrics_[c] - metrics().data())];
    for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
      values_[c * shard.evaluations + e].push_back(kl[k * shard.evaluations + e]);
    }
  }
}

PairedComparison compare(std::span<const double> a, std::span<const double> b) {
  PairedComparison out{.pairs = std::min(a.size(), b.size())};
  std::vector<double> differences;
  for (std::size_t i = 0; i < out.pairs; ++i) {
    if (is_better(a[i], b[i])) ++out.a_better;
    if (is_better(b[i], a[i])) ++out.b_better;
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
  out.infinite = static_cast<std::uint64_t>(
      std::ranges::count(sorted, std::numeric_limits<double>::infinity()));
  out.interquartile_mean = interquartile_mean(sorted);
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
  std::set<std::string_view> kinds;
  for (std::uint64_t c = 0; c < spec().configurations(); ++c) kinds.insert(kind(c));
  return fmt::format("{}", fmt::join(kinds, " or "));
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
    const double median = last(c).kl.quantiles[kMedian];
    medians.emplace_back(std::isnan(median) ? std::numeric_limits<double>::infinity() : median, c);
  }
  std::sort(medians.begin(), medians.end());
  std::vector<std::uint64_t> configurations;
  for (const auto& [median, c] : medians) configurations.push_back(c);
  return configurations;
}

std::vector<Ranked> Statistics::best_machines(std::uint64_t c, std::size_t most) const {
  const auto& kl = last_values(c);
  std::vector<std::pair<double, std::uint64_t>> order;  // KL, number of the seed
  for (std::uint64_t i = 0; i < kl.size(); ++i) {
    if (!std::isnan(kl[i])) order.emplace_back(kl[i], i);
  }
  most = std::min(most, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(order.begin(), end, order.end());
  order.resize(most);
  std::vector<Ranked> machines;
  for (const auto& [value, i] : order) {
    machines.push_back(
        {.machine = spec().machine_number(c, i), .seed = spec().seeds[i], .kl = value});
  }
  return machines;
}

std::optional<Ranking> Statistics::ranking(std::uint64_t c) const {
  const auto all = best_machines(c, last_values(c).size());
  if (all.empty()) return std::nullopt;
  return Ranking{.best = all.front(), .median = all[(all.size() - 1) / 2], .worst = all.back()};
}

}  // namespace helmholtz::report
