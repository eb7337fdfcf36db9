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
        thresholds_(std::span(ensemble.thresholds, ensemble.threshold_count)),
        words_(std::span(ensemble.patterns, ensemble.pattern_count * ensemble.words_per_pattern)) {}

  /// The seeds of the machines from number `first` of these on.
  [[nodiscard]] const std::uint64_t* seeds(std::size_t first) const noexcept {
    return seeds_.get() + first;
  }

  /// The factors of the steps that come.
  /// @return whether the table is elsewhere than before: it grows, and never shrinks
  bool set_factors(const helmholtz_steps& steps) {
    const auto size = std::size_t{steps.schedules} * steps.count;
    const bool grows = factors_.size() < size;
    factors_.reserve(size);
    factors_.copy_in(std::span(steps.factors, size));
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
  }

 private:
  DeviceArray<std::uint64_t> seeds_;       ///< [machines]
  DeviceArray<std::uint32_t> settings_;    ///< [machines]
  DeviceArray<float> rates_;               ///< [settings][2 L + 1]
  DeviceArray<std::uint32_t> schedules_;   ///< [settings]
  DeviceArray<std::uint32_t> thresholds_;  ///< [threshold_count]
  DeviceArray<std::uint32_t> words_;       ///< [patterns][words_per_pattern]
  DeviceArray<float> factors_;             ///< [schedules][steps], or more
};

}  // namespace helmholtz::cuda
