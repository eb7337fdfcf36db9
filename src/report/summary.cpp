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
    is_exact_.push_back(exact_is_feasible(spec.topology(c)));
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

}  // namespace helmholtz::report
