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

}  // namespace helmholtz::report
