#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "model/rates.hpp"

namespace helmholtz::step {

/// The factors of every distinct schedule of an ensemble over a range of steps.
class FactorTable {
 public:
  /// @param ensemble  must outlive the table
  explicit FactorTable(const Ensemble& ensemble) : ensemble_(&ensemble) {
    for (const auto& setting : ensemble.settings) {
      const auto known = std::find(schedules_.begin(), schedules_.end(), setting.schedule);
      schedule_.push_back(static_cast<std::uint32_t>(known - schedules_.begin()));
      if (known == schedules_.end()) schedules_.push_back(setting.schedule);
    }
  }

  void fill(std::uint64_t first, std::uint64_t steps) {
    steps_ = steps;
    factors_.resize(schedules_.size() * steps);
    for (std::size_t i = 0; i < schedules_.size(); ++i) {
      for (std::uint64_t s = 0; s < steps; ++s) {
        factors_[i * steps + s] =
            static_cast<float>(rate_factor(*ensemble_, schedules_[i], first + s));
      }
    }
  }

  /// [steps] of the range.
  [[nodiscard]] const float* of_setting(std::size_t setting) const {
    return factors_.data() + schedule_[setting] * steps_;
  }

  /// How many schedules differ, and each setting's.
  [[nodiscard]] std::size_t schedules() const noexcept { return schedules_.size(); }
  [[nodiscard]] const std::vector<std::uint32_t>& schedule() const noexcept { return schedule_; }
  /// [schedules][steps]
  [[nodiscard]] const std::vector<float>& factors() const noexcept { return factors_; }

 private:
  const Ensemble* ensemble_;
  std::vector<Schedule> schedules_;
  std::vector<std::uint32_t> schedule_;  ///< of a setting
  std::uint64_t steps_ = 0;
  std::vector<float> factors_;
};

}  // namespace helmholtz::step
