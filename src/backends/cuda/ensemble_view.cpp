#include "backends/cuda/ensemble_view.hpp"

#include "model/portable_math.hpp"

namespace helmholtz::plugin {

EnsembleView::EnsembleView(const Ensemble& ensemble, const step::FactorTable& factors)
    : layer_sizes_(ensemble.topology.layer_sizes()) {
  for (const auto& machine : ensemble.machines) {
    seeds_.push_back(machine.seed);
    setting_.push_back(machine.setting);
  }
  for (const auto& setting : ensemble.settings) {
    for (const double rate : setting.rates.generative) rates_.push_back(static_cast<float>(rate));
    for (const double rate : setting.rates.recognition) rates_.push_back(static_cast<float>(rate));
  }
  const auto& world = ensemble.world;
  for (const double p : world.probabilities()) log_probabilities_.push_back(portable::log(p));
  view_ = {.layer_sizes = layer_sizes_.data(),
           .layers = static_cast<std::uint32_t>(layer_sizes_.size()),
           .batch = static_cast<std::uint32_t>(ensemble.batch),
           .nonnegative = ensemble.nonnegative ? 1U : 0U,
           .settings = static_cast<std::uint32_t>(ensemble.settings.size()),
           .machines = ensemble.size(),
           .seeds = seeds_.data(),
           .setting = setting_.data(),
           .rates = rates_.data(),
           .schedule = factors.schedule().data(),
           .thresholds = world.thresholds().data(),
           .patterns = world.words().data(),
           .probabilities = world.probabilities().data(),
           .log_probabilities = log_probabilities_.data(),
           .threshold_count = world.thresholds().size(),
           .pattern_count = world.size(),
           .words_per_pattern = world.words_per_pattern()};
}

}  // namespace helmholtz::plugin
