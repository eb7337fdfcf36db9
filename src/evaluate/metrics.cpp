#include "helmholtz/metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace helmholtz {

namespace {

bool is_always_feasible(const Topology& /*topology*/) { return true; }
bool wants_exact(const EvaluationOptions& options) { return options.exact; }
bool wants_samples(const EvaluationOptions& options) { return options.samples > 0; }

constexpr std::array kMetrics = {
    Metric{.name = "kl_exact",
           .heading = "KL exact",
           .kind = "exact",
           .value = &Evaluation::kl_exact,
           .is_wanted = wants_exact,
           .is_feasible = exact_is_feasible},
    Metric{.name = "kl_sampled",
           .heading = "KL sampled",
           .kind = "sampled",
           .value = &Evaluation::kl_sampled,
           .may_be_infinite = true,
           .is_wanted = wants_samples,
           .is_feasible = is_always_feasible},
    Metric{.name = "unseen",
           .heading = "unseen",
           .kind = {},
           .value = &Evaluation::unseen,
           .is_count = true,
           .is_wanted = wants_samples,
           .is_feasible = is_always_feasible},
};

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

std::vector<std::string_view> metric_names() {
  std::vector<std::string_view> names(kMetrics.size());
  std::ranges::transform(kMetrics, names.begin(), &Metric::name);
  return names;
}

std::uint32_t count_in_file(double value) {
  return std::isnan(value) ? 0 : static_cast<std::uint32_t>(value);
}

const Metric& ranking_metric(const Topology& topology) {
  return *std::ranges::find_if(kMetrics, [&](const Metric& metric) {
    return !metric.kind.empty() && metric.is_feasible(topology);
  });
}

}  // namespace helmholtz
