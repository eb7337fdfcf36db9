#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/sweep.hpp"
#include "helmholtz/trainer.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

void require_range(std::string_view field, std::uint64_t value, std::uint64_t low,
                   std::uint64_t high) {
  if (value < low || value > high) {
    throw InvalidArgument(field, std::to_string(value), fmt::format("{} to {}", low, high));
  }
}

void require_not_empty(const SweepSpec& spec) {
  const auto require = [](std::string_view field, bool empty) {
    if (empty) throw InvalidArgument(field, "an empty list", "at least one");
  };
  require("layers", spec.topologies.empty());
  require("lr", spec.rates.empty());
  require("batch", spec.batches.empty());
  require("schedule", spec.schedules.empty());
  require("init", spec.initialisations.empty());
  require("seeds", spec.seeds.size() == 0);
}

void require_counts(const SweepSpec& spec) {
  require_range("steps", spec.steps, 0, Trainer::kMaxSteps);
  require_range("eval-every", spec.eval_every, 1, std::numeric_limits<std::uint64_t>::max());
  require_range("samples", spec.samples, 0, EvaluationOptions::kMaxSamples);
  if (spec.threads < 0 || spec.threads > TrainerOptions::kMaxThreads) {
    throw InvalidArgument("threads", std::to_string(spec.threads),
                          fmt::format("0 (all cores) to {}", TrainerOptions::kMaxThreads));
  }
  if (spec.evaluations() > SweepSpec::kMaxEvaluations) {
    throw InvalidArgument(
        "eval-every", std::to_string(spec.eval_every),
        fmt::format("at most {} evaluations in {} steps", SweepSpec::kMaxEvaluations, spec.steps));
  }
  double configurations = static_cast<double>(spec.topologies.size());
  for (const auto size : {spec.rates.size(), spec.batches.size(), spec.schedules.size(),
                          spec.initialisations.size()}) {
    configurations *= static_cast<double>(size);
  }
  if (configurations > static_cast<double>(SweepSpec::kMaxConfigurations)) {
    throw InvalidArgument("lr", fmt::format("{} configurations", configurations),
                          fmt::format("at most {}", SweepSpec::kMaxConfigurations));
  }
  if (configurations * static_cast<double>(spec.seeds.size()) >
      static_cast<double>(SweepSpec::kMaxMachines)) {
    throw InvalidArgument("seeds", spec.seeds.to_string(),
                          fmt::format("at most {} machines", SweepSpec::kMaxMachines));
  }
}

void require_trainable(const SweepSpec& spec) {
  for (const auto& topology : spec.topologies) {
    if (spec.samples == 0 && !exact_is_feasible(topology)) {
      throw InvalidArgument("samples", "0",
                            fmt::format("1 or more: the hidden states of layers {} are too many "
                                        "for the exact KL",
                                        topology.to_string()));
    }
  }
  for (auto kind : spec.kinds()) {
    for (const double rate : spec.rates) {
      kind.rate = rate;
      static_cast<void>(spec.learning_rates(kind));
    }
    trial_ensemble(spec, kind, 1).validate();
  }
}

void require_memory(const SweepSpec& spec) {
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  const auto available = available_memory();
  const auto room = fmt::format("{:.1f} GiB of free memory", available / kGiB);
  const auto need = sweep_memory(spec);
  if (need.shard > available) {
    throw InvalidArgument("layers", fmt::format("{:.1f} GiB of parameters", need.shard / kGiB),
                          "what fits in " + room);
  }
  if (need.total() > available) {
    throw InvalidArgument(
        "seeds", spec.seeds.to_string(),
        fmt::format("what fits in {}: {} machines need {:.1f} GiB for the quantiles of {} "
                    "evaluations",
                    room, spec.machines(), need.summary / kGiB, spec.evaluations()));
  }
}

}  // namespace

void SweepSpec::validate() const {
  require_not_empty(*this);
  require_counts(*this);
  require_trainable(*this);
  require_memory(*this);
  for (const auto& kind : kinds()) {
    make_trainer(trial_ensemble(*this, kind, 1), trainer_options(kind));
  }
}

std::uint64_t SweepSpec::configurations() const noexcept {
  return topologies.size() * rates.size() * batches.size() * schedules.size() *
         initialisations.size();
}

SweepConfiguration SweepSpec::configuration(std::uint64_t c) const {
  const auto digit = [&c](std::size_t base) {
    const auto value = static_cast<std::size_t>(c % base);
    c /= base;
    return value;
  };
  SweepConfiguration configuration;
  configuration.initialisation = initialisations[digit(initialisations.size())];
  configuration.schedule = schedules[digit(schedules.size())];
  configuration.batch = batches[digit(batches.size())];
  configuration.rate = rates[digit(rates.size())];
  configuration.topology = digit(topologies.size());
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

std::string SweepSpec::resolved_backend(const SweepConfiguration& configuration) const {
  if (backend != "auto") return backend;
  return choose_backend(trial_ensemble(*this, configuration, 1));
}

TrainerOptions SweepSpec::trainer_options(const SweepConfiguration& configuration) const {
  return {.backend = resolved_backend(configuration),
          .threads = threads,
          .devices = devices,
          .math = math};
}

std::vector<SweepConfiguration> SweepSpec::kinds() const {
  std::vector<SweepConfiguration> all;
  for (std::size_t t = 0; t < topologies.size(); ++t) {
    for (const int batch : batches) {
      all.push_back({.topology = t,
                     .rate = rates.front(),
                     .batch = batch,
                     .schedule = schedules.front(),
                     .initialisation = initialisations.front()});
    }
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
                    .reduction = reduction,
                    .nonnegative = nonnegative,
                    .settings = {{.rates = learning_rates(configuration),
                                  .schedule = configuration.schedule,
                                  .initialisation = configuration.initialisation}},
                    .machines = {}};
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
