#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/normal.hpp>

#include "helmholtz/random.hpp"
#include "report/distribution.hpp"

namespace helmholtz::report {

namespace {

constexpr std::size_t kReplicates = 1000;
constexpr std::size_t kGroups = 64;
constexpr std::size_t kLevels = 4096;  // of the weights' distribution functions

/// @param weights  as many as values, 0 or more
double weighted_interquartile_mean(std::span<const double> sorted,
                                   std::span<const double> weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
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

/// What every interval is drawn from.
struct Draws {
  std::vector<std::uint16_t> levels;  // [kReplicates x kGroups], of the weights' distribution
  std::vector<double> normal;         // [kLevels], standard normal quantiles
};

Draws make_draws() {
  Draws draws{.levels = std::vector<std::uint16_t>(kReplicates * kGroups),
              .normal = std::vector<double>(kLevels)};
  for (std::size_t i = 0; i < draws.levels.size(); ++i) {
    const RandomStream stream{.seed = 0,
                              .purpose = RandomPurpose::bootstrap,
                              .row = static_cast<std::uint32_t>(i / kGroups)};
    draws.levels[i] = static_cast<std::uint16_t>(random_word(stream, 0, i % kGroups) % kLevels);
  }
  const boost::math::normal_distribution<double> normal;
  for (std::size_t i = 0; i < kLevels; ++i) {
    draws.normal[i] = boost::math::quantile(normal, probability(i, kLevels));
  }
  return draws;
}

const Draws& draws() {
  static const Draws all = make_draws();
  return all;
}

/// Weights of a group of `size` values at each level.
std::vector<double> weights_of(std::size_t size) {
  constexpr std::size_t kLargestPoisson = 64;
  const auto mean = static_cast<double>(size);
  std::vector<double> table = draws().normal;
  if (size > kLargestPoisson) {
    for (double& weight : table) weight = mean + std::sqrt(mean) * weight;
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

Interval interval_of(std::span<const double> sorted) {
  const auto n = sorted.size();
  if (n < kFewestValues) return {};
  const auto groups = std::min(n, kGroups);
  const std::array tables = {weights_of(n / groups), weights_of(n / groups + 1)};
  std::array<const std::vector<double>*, kGroups> table{};
  std::vector<double> means(groups);
  for (std::size_t g = 0; g < groups; ++g) {
    const auto group = sorted.subspan(g * n / groups, (g + 1) * n / groups - g * n / groups);
    means[g] = std::accumulate(group.begin(), group.end(), 0.0) / static_cast<double>(group.size());
    table[g] = &tables[group.size() - n / groups];
  }
  std::vector<double> replicates;
  std::vector<double> weights(groups);
  const auto& levels = draws().levels;
  for (std::size_t r = 0; r < kReplicates; ++r) {
    double total = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      total += weights[g] = (*table[g])[levels[r * kGroups + g]];
    }
    if (!(total > 0)) continue;
    replicates.push_back(weighted_interquartile_mean(means, weights));
  }
  std::sort(replicates.begin(), replicates.end());
  return {.low = quantile(replicates, (1 - kConfidence) / 2),
          .high = quantile(replicates, (1 + kConfidence) / 2)};
}

}  // namespace

Estimate interquartile_mean(std::span<const double> sorted) {
  if (sorted.empty()) return {};
  const std::vector<double> ones(sorted.size(), 1.0);
  return {.value = weighted_interquartile_mean(sorted, ones), .interval = interval_of(sorted)};
}

}  // namespace helmholtz::report
