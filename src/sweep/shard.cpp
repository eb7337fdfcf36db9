#include "sweep/shard.hpp"

#include <utility>

namespace helmholtz {

ShardTrainer::ShardTrainer(const SweepSpec& spec, PacedCallbacks callbacks)
    : spec_(spec), callbacks_(std::move(callbacks)) {}

std::optional<std::vector<ResultRow>> ShardTrainer::train(std::uint64_t first,
                                                          std::uint64_t count) {
  std::vector<ResultRow> rows(count * spec_.evaluations());
  for (const auto& [key, members] : group(first, count)) {
    if (!train_group(first, members, rows)) return std::nullopt;
  }
  return rows;
}

std::map<ShardTrainer::KindKey, ShardTrainer::Members> ShardTrainer::group(
    std::uint64_t first, std::uint64_t count) const {
  std::map<KindKey, Members> groups;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto configuration = spec_.configuration((first + i) % spec_.configurations());
    groups[{configuration.topology, configuration.batch}].push_back(i);
  }
  return groups;
}

Ensemble ShardTrainer::expand(std::uint64_t first, const Members& members) const {
  const auto configurations = spec_.configurations();
  auto ensemble = spec_.ensemble(spec_.configuration((first + members[0]) % configurations), {});
  ensemble.settings.clear();
  std::map<std::uint64_t, std::uint32_t> setting_of;
  for (const auto i : members) {
    const auto c = (first + i) % configurations;
    const auto [setting, is_new] =
        setting_of.try_emplace(c, static_cast<std::uint32_t>(ensemble.settings.size()));
    if (is_new) {
      const auto configuration = spec_.configuration(c);
      ensemble.settings.push_back({.rates = spec_.learning_rates(configuration),
                                   .schedule = configuration.schedule,
                                   .initialisation = configuration.initialisation});
    }
    ensemble.machines.push_back(
        {.seed = spec_.seeds[(first + i) / configurations], .setting = setting->second});
  }
  return ensemble;
}

EnsembleKind& ShardTrainer::kind(const SweepConfiguration& configuration) {
  const auto [kind, is_new] = kinds_.try_emplace({configuration.topology, configuration.batch});
  if (is_new) kind->second.backend = spec_.resolved_backend(configuration);
  return kind->second;
}

bool ShardTrainer::train_group(std::uint64_t first, const Members& members,
                               std::vector<ResultRow>& rows) {
  const auto configurations = spec_.configurations();
  auto& own = kind(spec_.configuration((first + members[0]) % configurations));
  const auto trainer = make_trainer(own.backend, expand(first, members),
                                    {.threads = spec_.threads, .devices = spec_.devices});
  const EvaluationOptions options{.exact = true, .samples = spec_.samples};
  std::vector<Evaluation> evaluations;
  for (std::uint64_t e = 0; e < spec_.evaluations(); ++e) {
    const auto step = spec_.evaluation_step(e);
    if (!train_to(step, *trainer, own.steps, callbacks_) ||
        !evaluate_all(*trainer, options, own.evaluations, callbacks_, evaluations)) {
      return false;
    }
    for (std::size_t k = 0; k < members.size(); ++k) {
      const auto machine = first + members[k];
      rows[members[k] * spec_.evaluations() + e] = {.machine = machine,
                                                    .seed = trainer->ensemble().machines[k].seed,
                                                    .configuration = machine % configurations,
                                                    .evaluation_number = e,
                                                    .step = step,
                                                    .evaluation = evaluations[k]};
    }
  }
  return true;
}

}  // namespace helmholtz
