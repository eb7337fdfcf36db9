#include "sweep/shard.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "helmholtz/metrics.hpp"
#include "sweep/fields.hpp"

namespace helmholtz {

ShardTrainer::ShardTrainer(const SweepSpec& spec, PacedCallbacks callbacks)
    : spec_(spec), callbacks_(std::move(callbacks)) {}

std::optional<std::vector<Shard>> ShardTrainer::train(std::uint64_t first, std::uint64_t count,
                                                      std::uint64_t each) {
  first_ = first;
  each_ = each;
  shards_.clear();
  parameters_.clear();
  for (std::uint64_t begin = 0; begin < count; begin += each) {
    auto& shard = shards_.emplace_back(first + begin, std::min(each, count - begin),
                                       spec_.evaluations(), spec_.evaluation_options());
    for (std::uint64_t k = 0; k < shard.machines(); ++k) {
      const auto [c, seed] = spec_.machine(shard.first + k);
      shard.seeds[k] = seed;
      shard.configurations[k] = static_cast<std::uint32_t>(c);
    }
  }
  for (const auto& [number, members] : group(count)) {
    if (!train_group(number, members)) return std::nullopt;
  }
  for (const auto& [machine, parameters] : parameters_) {
    auto& shard = shard_of(machine);
    shard.saved.push_back(machine);
    shard.parameters.insert(shard.parameters.end(), parameters.begin(), parameters.end());
  }
  return std::move(shards_);
}

std::map<std::size_t, ShardTrainer::Members> ShardTrainer::group(std::uint64_t count) const {
  std::map<std::size_t, Members> groups;
  for (auto machine = first_; machine < first_ + count; ++machine) {
    groups[kind_number(spec_, spec_.machine(machine).configuration)].push_back(machine);
  }
  return groups;
}

EnsembleKind& ShardTrainer::kind(std::size_t number) {
  const auto [kind, is_new] = kinds_.try_emplace(number);
  if (is_new) kind->second.trainer = spec_.trainer_options(spec_.kinds()[number]);
  return kind->second;
}

bool ShardTrainer::train_group(std::size_t number, const Members& members) {
  auto& own = kind(number);
  auto trainer = make_trainer(spec_.ensemble(members), own.trainer);
  if (auto kernel = trainer.kernel(); !kernel.empty()) kernels_.insert(std::move(kernel));
  const auto options = spec_.evaluation_options();
  std::vector<Evaluation> evaluations;
  for (std::uint64_t e = 0; e < spec_.evaluations(); ++e) {
    if (!train_to(spec_.evaluation_step(e), trainer, own.steps, callbacks_) ||
        !evaluate_all(trainer, options, own.evaluations, callbacks_, evaluations)) {
      return false;
    }
    for (std::size_t k = 0; k < members.size(); ++k) {
      shard_of(members[k]).set_evaluation((members[k] - first_) % each_, e, evaluations[k]);
    }
  }
  keep_parameters(trainer, members);
  return true;
}

std::vector<std::size_t> ShardTrainer::kept(const Members& members) {
  std::vector<std::size_t> all(members.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  const auto& save = spec_.save_parameters;
  if (save.kind == SaveParameters::Kind::none) return {};
  if (save.kind == SaveParameters::Kind::all) return all;
  const auto configuration = [&](std::size_t k) { return spec_.machine(members[k]).configuration; };
  const auto& metric = *spec_.ranking_metrics()[spec_.configuration(configuration(0)).topology];
  const auto last_cost = [&](std::size_t k) {
    const auto row = (members[k] - first_) % each_;
    return metric.cost(shard_of(members[k]).evaluation(row, spec_.evaluations() - 1).*metric.value);
  };
  std::erase_if(all, [&](std::size_t k) { return std::isnan(last_cost(k)); });
  std::stable_sort(all.begin(), all.end(),
                   [&](std::size_t a, std::size_t b) { return last_cost(a) < last_cost(b); });
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> taken;  // shard, configuration
  std::erase_if(all, [&](std::size_t k) {
    return taken[{shard_of(members[k]).first, configuration(k)}]++ >= save.count;
  });
  return all;
}

/// Neighbours are read together, some MiB at a time: a device is asked as seldom as can be.
void ShardTrainer::keep_parameters(const Trainer& trainer, const Members& members) {
  constexpr std::size_t kFloats = std::size_t{1} << 20U;
  const auto each = trainer.ensemble().topology.parameters();
  const auto most = std::max<std::size_t>(kFloats / each, 1);
  auto wanted = kept(members);
  std::ranges::sort(wanted);
  std::vector<float> run;
  for (std::size_t i = 0, count = 0; i < wanted.size(); i += count) {
    for (count = 1; count < most && i + count < wanted.size(); ++count) {
      if (wanted[i + count] != wanted[i] + count) break;
    }
    run.resize(count * each);
    trainer.read_parameters(wanted[i], count, run);
    for (std::size_t k = 0; k < count; ++k) {
      const auto machine = std::span(run).subspan(k * each, each);
      parameters_[members[wanted[i] + k]].assign(machine.begin(), machine.end());
    }
  }
}

}  // namespace helmholtz
