#pragma once

#include <cstdint>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/ensemble.hpp"
#include "kernels/plugin/plugin_abi.h"
#include "model/portable_math.hpp"
#include "step/factor_table.hpp"

namespace helmholtz::plugin {

/// An ensemble as the plugin sees it.
class EnsembleView {
 public:
  /// @param ensemble  must outlive the view
  EnsembleView(const Ensemble& ensemble, const step::FactorTable& factors)
      : layer_sizes_(ensemble.topology.layer_sizes()) {
    for (const auto& machine : ensemble.machines) {
      seeds_.push_back(machine.seed);
      setting_.push_back(machine.setting);
    }
    for (const auto& setting : ensemble.settings) {
      for (const double rate : setting.rates.generative) rates_.push_back(static_cast<float>(rate));
      for (const double rate : setting.rates.recognition)
        rates_.push_back(static_cast<float>(rate));
      for (const double rate : setting.rates.recognition_wake)
        wake_rates_.push_back(static_cast<float>(rate));
      const auto& optimizer = setting.optimizer;
      for (const double number : {optimizer.beta, optimizer.beta2, optimizer.epsilon}) {
        optimizers_.push_back(static_cast<float>(number));
      }
    }
    const auto& world = ensemble.world;
    for (const double p : world.probabilities()) log_probabilities_.push_back(portable::log(p));
    view_ = {.layer_sizes = layer_sizes_.data(),
             .layers = static_cast<std::uint32_t>(layer_sizes_.size()),
             .batch = static_cast<std::uint32_t>(ensemble.batch),
             .nonnegative = ensemble.nonnegative ? 1U : 0U,
             .settings = static_cast<std::uint32_t>(ensemble.settings.size()),
             .particles = static_cast<std::uint32_t>(ensemble.particles),
             .in_epochs = ensemble.order == Order::epochs ? 1U : 0U,
             .machines = ensemble.size(),
             .seeds = seeds_.data(),
             .setting = setting_.data(),
             .rates = rates_.data(),
             .wake_rates = ensemble.recognition_learns_awake() ? wake_rates_.data() : nullptr,
             .schedule = factors.schedule().data(),
             .thresholds = world.thresholds().data(),
             .patterns = world.is_grey() ? nullptr : world.words().data(),
             .grey = world.is_grey() ? world.data().rows->grey().data() : nullptr,
             .probabilities = world.is_data() ? nullptr : world.probabilities().data(),
             .log_probabilities = world.is_data() ? nullptr : log_probabilities_.data(),
             .means = static_cast<std::uint32_t>(ensemble.settings.front().optimizer.means()),
             .error_weight = static_cast<float>(error_weight(ensemble)),
             .optimizers = optimizers_.data(),
             .threshold_count = world.thresholds().size(),
             .pattern_count = world.size(),
             .words_per_pattern = world.words_per_pattern()};
  }
  EnsembleView(const EnsembleView&) = delete;
  EnsembleView& operator=(const EnsembleView&) = delete;

  [[nodiscard]] const helmholtz_ensemble& get() const noexcept { return view_; }

 private:
  std::vector<std::int32_t> layer_sizes_;
  std::vector<std::uint64_t> seeds_;
  std::vector<std::uint32_t> setting_;
  std::vector<float> rates_;
  std::vector<float> wake_rates_;
  std::vector<float> optimizers_;
  std::vector<double> log_probabilities_;
  helmholtz_ensemble view_{};
};

}  // namespace helmholtz::plugin
