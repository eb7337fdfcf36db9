#include "helmholtz/sweep.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"
#include "sweep/fields.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

SaveParameters SaveParameters::parse(std::string_view text) {
  constexpr std::string_view kBest = "best:";
  if (text == "none") return {};
  if (text == "all") return {.kind = Kind::all};
  if (text.starts_with(kBest)) {
    const auto count = text::number<std::uint64_t>(text.substr(kBest.size()));
    if (count && *count >= 1 && *count <= kMaxBest) return {.kind = Kind::best, .count = *count};
  }
  throw InvalidArgument("save-parameters", text,
                        fmt::format("none, all, or best:K with K 1 to {}", kMaxBest));
}

std::string SaveParameters::to_string() const {
  if (kind == Kind::best) return fmt::format("best:{}", count);
  return kind == Kind::all ? "all" : "none";
}

std::uint64_t SweepSpec::configurations() const noexcept {
  std::uint64_t product = 1;
  for (const auto* const field : swept_fields()) product *= field->access.size(*this);
  return product;
}

SweepConfiguration SweepSpec::configuration(std::uint64_t c) const {
  SweepConfiguration configuration{.setting = common};
  const auto indices = configuration_indices(*this, c);
  for (std::size_t s = 0; s < indices.size(); ++s) {
    swept_fields()[s]->access.choose(*this, indices[s], configuration);
  }
  return configuration;
}

LearningRates SweepSpec::learning_rates(const SweepConfiguration& configuration) const {
  auto options = rate_overrides;
  options.rate = configuration.rate;
  return options.resolve(topologies[configuration.topology]);
}

SweepMachine SweepSpec::machine(std::uint64_t m) const {
  const auto each = configurations();
  return {.configuration = m % each, .seed = seeds[m / each]};
}

std::uint64_t SweepSpec::evaluations() const noexcept {
  const auto partial = steps % eval_every != 0 ? 1U : 0U;
  return std::max<std::uint64_t>(1, steps / eval_every + partial);
}

std::uint64_t SweepSpec::evaluation_step(std::uint64_t e) const noexcept {
  return e + 1 == evaluations() ? steps : (e + 1) * eval_every;
}

EvaluationOptions SweepSpec::evaluation_options() const {
  EvaluationOptions options{.particles = log_likelihood};
  options.exact = !world.is_data();
  if (!world.is_data()) options.samples = samples;
  if (log_likelihood > 0) options.row_count = rows;
  if (log_likelihood > 0) options.rows = evaluated;
  return options;
}

std::vector<const Metric*> SweepSpec::ranking_metrics() const {
  std::vector<const Metric*> ranking;
  for (const auto& topology : topologies) {
    ranking.push_back(ranking_metric(evaluation_options(), topology, world));
  }
  const auto other = std::ranges::find_if(ranking, [](const Metric* metric) {
    return metric != nullptr && metric->better == Metric::Better::higher;
  });
  if (other != ranking.end()) std::ranges::fill(ranking, *other);
  return ranking;
}

const Metric* SweepSpec::likelihood_beside() const {
  using Better = Metric::Better;
  const auto* const ranks = ranking_metrics().front();
  const auto all = metrics();
  const auto likelihood = std::ranges::find(all, Better::higher, &Metric::better);
  const bool is_beside = ranks != nullptr && ranks->better == Better::lower &&
                         likelihood->is_wanted(evaluation_options());
  return is_beside ? &*likelihood : nullptr;
}

std::string SweepSpec::resolved_backend(const SweepConfiguration& configuration) const {
  if (backend != "auto") return backend;
  std::uint64_t kinds = 1;
  for (const auto* const field : swept_fields()) {
    if (field->of_kind) kinds *= field->access.size(*this);
  }
  return choose_backend(trial_ensemble(*this, configuration, 1), machines() / kinds, steps);
}

TrainerOptions SweepSpec::trainer_options() const {
  return {.backend = backend, .threads = threads, .devices = devices, .math = math};
}

TrainerOptions SweepSpec::trainer_options(const SweepConfiguration& configuration) const {
  auto options = trainer_options();
  options.backend = resolved_backend(configuration);
  return options;
}

std::vector<SweepConfiguration> SweepSpec::kinds() const {
  std::vector<SweepConfiguration> all = {configuration(0)};
  for (const auto* const field : swept_fields()) {
    if (!field->of_kind) continue;
    std::vector<SweepConfiguration> more;
    for (const auto& kind : all) {
      for (std::size_t i = 0; i < field->access.size(*this); ++i) {
        field->access.choose(*this, i, more.emplace_back(kind));
      }
    }
    all = std::move(more);
  }
  return all;
}

std::string SweepSpec::common_backend() const {
  std::set<std::string> names;
  for (const auto& kind : kinds()) names.insert(resolved_backend(kind));
  return names.size() == 1 ? *names.begin() : backend;
}

Ensemble SweepSpec::ensemble(const SweepConfiguration& configuration,
                             std::span<const std::uint64_t> some_seeds) const {
  Ensemble ensemble{.topology = topologies[configuration.topology],
                    .world = world,
                    .batch = configuration.batch,
                    .particles = configuration.particles,
                    .order = order,
                    .reduction = reduction,
                    .nonnegative = nonnegative,
                    .settings = {configuration.setting},
                    .machines = {}};
  ensemble.settings[0].rates = learning_rates(configuration);
  for (const auto seed : some_seeds) ensemble.machines.push_back({.seed = seed, .setting = 0});
  return ensemble;
}

Ensemble SweepSpec::ensemble(std::span<const std::uint64_t> some_machines) const {
  const auto first = machine(some_machines.front()).configuration;
  auto all = ensemble(configuration(first), {});
  std::map<std::uint64_t, std::uint32_t> setting_of = {{first, 0}};
  for (const auto number : some_machines) {
    const auto [c, seed] = machine(number);
    const auto [setting, is_new] =
        setting_of.try_emplace(c, static_cast<std::uint32_t>(all.settings.size()));
    if (is_new) all.settings.push_back(ensemble(configuration(c), {}).settings.front());
    all.machines.push_back({.seed = seed, .setting = setting->second});
  }
  return all;
}

Ensemble trial_ensemble(const SweepSpec& spec, const SweepConfiguration& kind,
                        std::uint64_t machines) {
  std::vector<std::uint64_t> seeds(machines);
  std::iota(seeds.begin(), seeds.end(), std::uint64_t{0});
  return spec.ensemble(kind, seeds);
}

}  // namespace helmholtz
