#include "sweep/shard.hpp"

#include <chrono>

namespace helmholtz {

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

ShardTrainer::ShardTrainer(const SweepSpec& spec, std::function<bool()> stop_requested,
                           std::function<void(double)> advanced)
    : spec_(spec), stop_requested_(std::move(stop_requested)), advanced_(std::move(advanced)) {}

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
  const auto trainer =
      make_trainer(own.backend, expand(first, members), {.threads = spec_.threads});
  std::vector<Evaluation> evaluations(members.size());
  for (std::uint64_t e = 0; e < spec_.evaluations(); ++e) {
    const auto step = spec_.evaluation_step(e);
    if (!train_to(step, *trainer, own.steps)) return false;
    if (!evaluate(*trainer, own.evaluations, evaluations)) return false;
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

bool ShardTrainer::train_to(std::uint64_t step, Trainer& trainer, Pace& pace) {
  while (trainer.step() < step) {
    if (stop_requested_()) return false;
    const auto piece = pace.next(step - trainer.step());
    pace.took(piece, seconds_of([&] { trainer.train(piece); }));
    advanced_(static_cast<double>(piece) * static_cast<double>(trainer.ensemble().size()));
  }
  return true;
}

bool ShardTrainer::evaluate(Trainer& trainer, Pace& pace, std::vector<Evaluation>& out) {
  const EvaluationOptions options{.exact = true, .samples = spec_.samples};
  for (std::size_t first = 0; first < out.size();) {
    if (stop_requested_()) return false;
    const auto piece = static_cast<std::size_t>(pace.next(out.size() - first));
    const auto part = std::span(out).subspan(first, piece);
    pace.took(piece, seconds_of([&] { trainer.evaluate(options, first, part); }));
    advanced_(0);
    first += piece;
  }
  return true;
}

}  // namespace helmholtz
