#include "report/bootstrap.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <boost/math/distributions/normal.hpp>

#include "helmholtz/random.hpp"

namespace helmholtz::report {

namespace {

/// @param weights  as many as values, 0 or more
double weighted_interquartile_mean(std::span<const double> sorted,
                                   std::span<const double> weights) {
  double total = 0;
  for (const double weight : weights) total += weight;
  const double low = total / 4;
  const double high = total - low;
  double sum = 0;
  double end = 0;
  for (std::size_t i = 0; i < sorted.size() && end < high; ++i) {
    const double begin = end;
    end += weights[i];
    const double inside = std::min(end, high) - std::max(begin, low);
    if (inside > 0) sum += inside * sorted[i];
  }
  return sum / (high - low);
}

/// The middle of level i among `count` equally probable ones.
double probability(std::size_t i, std::size_t count) {
  return (static_cast<double>(i) + 0.5) / static_cast<double>(count);
}

}  // namespace

double interquartile_mean(std::span<const double> sorted) {
  if (sorted.empty()) return kUndefined;
  const std::vector<double> ones(sorted.size(), 1.0);
  return weighted_interquartile_mean(sorted, ones);
}

Bootstrap::Bootstrap() : levels_(kReplicates * kGroups), normal_(kLevels) {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const RandomStream stream{.seed = 0,
                              .purpose = RandomPurpose::bootstrap,
                              .row = static_cast<std::uint32_t>(i / kGroups)};
    levels_[i] = static_cast<std::uint16_t>(random_word(stream, 0, i % kGroups) % kLevels);
  }
  const boost::math::normal_distribution<double> normal;
  for (std::size_t i = 0; i < kLevels; ++i) {
    normal_[i] = boost::math::quantile(normal, probability(i, kLevels));
  }
}

Bootstrap::WeightTable Bootstrap::weights_of(std::size_t size) const {
  constexpr std::size_t kLargestPoisson = 64;
  const auto mean = static_cast<double>(size);
  WeightTable table(kLevels);
  if (size > kLargestPoisson) {
    for (std::size_t i = 0; i < kLevels; ++i) table[i] = mean + std::sqrt(mean) * normal_[i];
    return table;
  }
  double weight = 0;
  double term = std::exp(-mean);
  double below = term;
  for (std::size_t i = 0; i < kLevels; ++i) {
    while (below < probability(i, kLevels)) {
      weight += 1;
      term *= mean / weight;
      below += term;
    }
    table[i] = weight;
  }
  return table;
}

Interval Bootstrap::interquartile_mean_interval(std::span<const double> sorted) const {
  const auto n = sorted.size();
  if (n < kFewestValues) return {};
  const auto groups = std::min(n, kGroups);
  const std::array tables = {weights_of(n / groups), weights_of(n / groups + 1)};
  std::array<const WeightTable*, kGroups> table{};
  std::array<double, kGroups> means{};
  for (std::size_t g = 0; g < groups; ++g) {
    const auto group = sorted.subspan(g * n / groups, (g + 1) * n / groups - g * n / groups);
    double sum = 0;
    for (const double x : group) sum += x;
    means[g] = sum / static_cast<double>(group.size());
    table[g] = &tables[group.size() - n / groups];
  }
  std::vector<double> replicates;
  std::array<double, kGroups> weights{};
  for (std::size_t r = 0; r < kReplicates; ++r) {
    double total = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      total += weights[g] = (*table[g])[levels_[r * kGroups + g]];
    }
    if (!(total > 0)) continue;
    replicates.push_back(weighted_interquartile_mean(std::span(means).first(groups),
                                                     std::span(weights).first(groups)));
  }
  std::sort(replicates.begin(), replicates.end());
  return {.low = quantile(replicates, (1 - kConfidence) / 2),
          .high = quantile(replicates, (1 + kConfidence) / 2)};
}

}  // namespace helmholtz::report
