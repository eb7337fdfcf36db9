#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/runtime/device_memory.hpp"
#include "kernels/runtime/device_trainer.hpp"

namespace helmholtz::cuda {

/// What steps of a share's machines read, in the current device's memory.
class EnsembleTables {
 public:
  EnsembleTables(const helmholtz_ensemble& ensemble, const Share& share)
      : seeds_(std::span(ensemble.seeds + share.first, share.count)),
        settings_(std::span(ensemble.setting + share.first, share.count)),
        rates_(std::span(ensemble.rates, ensemble.settings * (2 * ensemble.layers - 1))),
        schedules_(std::span(ensemble.schedule, ensemble.settings)),
        wake_rates_(std::span(
            ensemble.wake_rates,
            ensemble.wake_rates == nullptr ? 0 : ensemble.settings * (ensemble.layers - 1))),
        optimizers_(std::span(ensemble.optimizers, ensemble.means > 0 ? 3 * ensemble.settings : 0)),
        thresholds_(std::span(ensemble.thresholds, ensemble.threshold_count)),
        words_(std::span(
            ensemble.patterns,
            ensemble.grey == nullptr ? ensemble.pattern_count * ensemble.words_per_pattern : 0)),
        grey_(std::span(ensemble.grey, ensemble.grey == nullptr
                                           ? 0
                                           : ensemble.pattern_count * visible_units(ensemble))) {}

  /// The seeds of the machines from number `first` of these on.
  [[nodiscard]] const std::uint64_t* seeds(std::size_t first) const noexcept {
    return seeds_.get() + first;
  }

  /// The recognition network's in the wake phase, if it learns then.
  [[nodiscard]] const float* wake_rates() const noexcept { return wake_rates_.get(); }
  /// Of an optimiser that keeps means: its numbers, and its corrections of the steps that come.
  [[nodiscard]] const float* optimizers() const noexcept { return optimizers_.get(); }
  [[nodiscard]] const float* corrections() const noexcept { return corrections_.get(); }

  /// The factors of the steps that come, and their corrections where an optimiser keeps means.
  /// @return whether a table is elsewhere than before: they grow, and never shrink
  bool set_factors(const helmholtz_steps& steps) {
    const auto size = std::size_t{steps.schedules} * steps.count;
    const bool grows = factors_.size() < size;
    factors_.reserve(size);
    factors_.copy_in(std::span(steps.factors, size));
    if (optimizers_.size() > 0) {
      corrections_.reserve(2 * size);
      corrections_.copy_in(std::span(steps.corrections, 2 * size));
    }
    return grows;
  }

  /// Points a task's tables at these, its machines from number `first` on.
  template <class Task>
  void place(Task& task, std::size_t first) const {
    task.seeds = seeds(first);
    task.settings = settings_.get() + first;
    task.rates = rates_.get();
    task.schedules = schedules_.get();
    task.factors = factors_.get();
    task.patterns.thresholds = thresholds_.get();
    task.patterns.words = words_.get();
    task.patterns.grey = grey_.get();
  }

 private:
  static std::size_t visible_units(const helmholtz_ensemble& ensemble) {
    return static_cast<std::size_t>(ensemble.layer_sizes[ensemble.layers - 1]);
  }

  DeviceArray<std::uint64_t> seeds_;       ///< [machines]
  DeviceArray<std::uint32_t> settings_;    ///< [machines]
  DeviceArray<float> rates_;               ///< [settings][2 L + 1]
  DeviceArray<std::uint32_t> schedules_;   ///< [settings]
  DeviceArray<float> wake_rates_;          ///< [settings][L], or none
  DeviceArray<float> optimizers_;          ///< [settings][3], or none
  DeviceArray<std::uint32_t> thresholds_;  ///< [threshold_count]
  DeviceArray<std::uint32_t> words_;       ///< [patterns][words_per_pattern], or none
  DeviceArray<std::uint8_t> grey_;         ///< [patterns][visible units], or none
  DeviceArray<float> factors_;             ///< [schedules][steps], or more
  DeviceArray<float> corrections_;         ///< [schedules][steps][2], or more
};

}  // namespace helmholtz::cuda
