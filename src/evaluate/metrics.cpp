#include "helmholtz/metrics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "helmholtz/contract.hpp"

namespace helmholtz {

namespace {

using Better = Metric::Better;

bool is_always_feasible(const Topology& /*topology*/, const World& /*world*/) { return true; }
bool is_no_data(const Topology& /*topology*/, const World& world) { return !world.is_data(); }
bool enumerates(const Topology& topology, const World& world) {
  return exact_is_feasible(topology, world);
}

bool wants_exact(const EvaluationOptions& options) { return options.exact; }
bool wants_samples(const EvaluationOptions& options) { return options.samples > 0; }
bool wants_particles(const EvaluationOptions& options) { return options.particles > 0; }

constexpr double kRounding = 1e-6;  // of a KL of nearly 0, as earlier versions wrote it

bool is_kl(double value, const World& /*world*/) {
  return value >= -kRounding && value <= std::numeric_limits<double>::max();
}
bool is_kl_or_infinite(double value, const World& /*world*/) { return value >= -kRounding; }
bool is_pattern_count(double value, const World& world) {
  return value >= 0 && value <= static_cast<double>(world.size());
}
/// A weight's logarithm is of either sign; a unit's part in it is at most that of an activity of
/// 88, the largest that float32 has an exponential of.
bool is_log_weight(double value, const World& /*world*/) {
  constexpr double kMost = 88.0 * kMaxLayers * Topology::kMaxUnits;
  return std::abs(value) <= kMost;
}
bool is_error(double value, const World& world) {
  return value >= 0 && is_log_weight(value, world);
}
bool is_share(double value, const World& /*world*/) { return value > 0 && value <= 1 + kRounding; }

constexpr std::array kMetrics = {
    Metric{.name = "kl_exact",
           .heading = "KL exact",
           .title = "exact KL",
           .kind = "exact",
           .value = &Evaluation::kl_exact,
           .better = Better::lower,
           .always_exported = true,
           .is_in_range = is_kl,
           .is_wanted = wants_exact,
           .is_feasible = enumerates},
    Metric{.name = "kl_sampled",
           .heading = "KL sampled",
           .title = "sampled KL",
           .kind = "sampled",
           .value = &Evaluation::kl_sampled,
           .better = Better::lower,
           .always_exported = true,
           .is_in_range = is_kl_or_infinite,
           .is_wanted = wants_samples,
           .is_feasible = is_no_data},
    Metric{.name = "unseen",
           .heading = "unseen",
           .title = {},
           .kind = {},
           .value = &Evaluation::unseen,
           .is_count = true,
           .always_exported = true,
           .is_in_range = is_pattern_count,
           .is_wanted = wants_samples,
           .is_feasible = is_no_data},
    Metric{.name = "log_likelihood",
           .heading = "log-likelihood",
           .title = "log-likelihood",
           .kind = "log-likelihood",
           .value = &Evaluation::log_likelihood,
           .better = Better::higher,
           .decimals = 6,
           .is_in_range = is_log_weight,
           .is_wanted = wants_particles,
           .is_feasible = is_always_feasible},
    Metric{.name = "log_likelihood_error",
           .heading = "std. error",
           .title = {},
           .kind = {},
           .value = &Evaluation::log_likelihood_error,
           .decimals = 6,
           .is_in_range = is_error,
           .is_wanted = wants_particles,
           .is_feasible = is_always_feasible},
    Metric{.name = "elbo",
           .heading = "ELBO",
           .title = {},
           .kind = {},
           .value = &Evaluation::elbo,
           .decimals = 6,
           .is_in_range = is_log_weight,
           .is_wanted = wants_particles,
           .is_feasible = is_always_feasible},
    Metric{.name = "effective",
           .heading = "effective",
           .title = {},
           .kind = {},
           .value = &Evaluation::effective,
           .decimals = 4,
           .is_in_range = is_share,
           .is_wanted = wants_particles,
           .is_feasible = is_always_feasible},
};

template <class Of>
std::vector<const Metric*> those(const Of& of) {
  std::vector<const Metric*> chosen;
  for (const auto& metric : kMetrics) {
    if (of(metric)) chosen.push_back(&metric);
  }
  return chosen;
}

}  // namespace

std::span<const Metric> metrics() { return kMetrics; }

std::vector<const Metric*> computed_metrics(const EvaluationOptions& options,
                                            const Topology& topology, const World& world) {
  return those([&](const Metric& metric) {
    return metric.is_wanted(options) && metric.is_feasible(topology, world);
  });
}

std::vector<const Metric*> exported_metrics(const EvaluationOptions& options) {
  return those(
      [&](const Metric& metric) { return metric.always_exported || metric.is_wanted(options); });
}

std::vector<std::string_view> metric_names() {
  std::vector<std::string_view> names(kMetrics.size());
  std::ranges::transform(kMetrics, names.begin(), &Metric::name);
  return names;
}

std::uint32_t count_in_file(double value) {
  return std::isnan(value) ? 0 : static_cast<std::uint32_t>(value);
}

const Metric* ranking_metric(const EvaluationOptions& options, const Topology& topology,
                             const World& world) {
  const auto computed = computed_metrics(options, topology, world);
  const auto ranks = [](const Metric* metric) { return metric->better != Better::neither; };
  const auto first = std::ranges::find_if(computed, ranks);
  return first == computed.end() ? nullptr : *first;
}

}  // namespace helmholtz
