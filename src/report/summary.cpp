#include "report/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace helmholtz::report {

Summary::Summary(const SweepSpec& spec)
    : spec_(spec), values_(spec.configurations() * spec.evaluations()) {
  for (auto& values : values_) values.reserve(spec.seeds.size());
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    is_exact_.push_back(exact_is_feasible(spec.topologies[spec.configuration(c).topology]));
  }
}

void Summary::write(const Shard& shard) {
  for (std::uint64_t k = 0; k < shard.machines(); ++k) {
    const std::uint64_t c = shard.configurations[k];
    const auto& kl = is_exact_[c] ? shard.kl_exact : shard.kl_sampled;
    for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
      values_[c * shard.evaluations + e].push_back(kl[k * shard.evaluations + e]);
    }
  }
}

Summary::Cell Summary::cell(std::uint64_t c, std::uint64_t e) const {
  const auto& all = values(c, e);
  std::vector<double> finite;
  std::copy_if(all.begin(), all.end(), std::back_inserter(finite),
               [](double kl) { return !std::isnan(kl); });
  Cell cell;
  cell.diverged = all.size() - finite.size();
  cell.kl = describe(std::move(finite));
  return cell;
}

std::optional<Summary::Ranking> Summary::ranking(std::uint64_t c) const {
  const auto& kl = values(c, spec_.evaluations() - 1);
  std::vector<std::uint64_t> order;
  for (std::uint64_t i = 0; i < kl.size(); ++i) {
    if (!std::isnan(kl[i])) order.push_back(i);
  }
  if (order.empty()) return std::nullopt;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint64_t a, std::uint64_t b) { return kl[a] < kl[b]; });
  const auto ranked = [&](std::uint64_t i) {
    return Ranked{.machine = i * spec_.configurations() + c, .seed = spec_.seeds[i], .kl = kl[i]};
  };
  return Ranking{.best = ranked(order.front()),
                 .median = ranked(order[(order.size() - 1) / 2]),
                 .worst = ranked(order.back())};
}

std::vector<std::uint64_t> Summary::best_first() const {
  std::vector<std::pair<double, std::uint64_t>> medians;
  for (std::uint64_t c = 0; c < spec_.configurations(); ++c) {
    const auto e = spec_.evaluations() - 1;
    if (values(c, e).empty()) continue;
    const double median = cell(c, e).kl.quantiles[kMedian];
    medians.emplace_back(std::isnan(median) ? std::numeric_limits<double>::infinity() : median, c);
  }
  std::sort(medians.begin(), medians.end());
  std::vector<std::uint64_t> configurations;
  for (const auto& [median, c] : medians) configurations.push_back(c);
  return configurations;
}

}  // namespace helmholtz::report
