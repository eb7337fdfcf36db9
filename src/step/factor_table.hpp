#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "model/rates.hpp"
#include "step/update_at.hpp"

namespace helmholtz::step {

/// The factors of every distinct schedule of an ensemble over a range of steps; with an optimiser
/// that keeps means, of every schedule and optimiser, and the corrections of its means.
class FactorTable {
 public:
  /// @param ensemble  must outlive the table
  explicit FactorTable(const Ensemble& ensemble) : ensemble_(&ensemble) {
    for (const auto& setting : ensemble.settings) {
      const Row row{setting.schedule, setting.optimizer};
      const auto known = std::find(rows_.begin(), rows_.end(), row);
      schedule_.push_back(static_cast<std::uint32_t>(known - rows_.begin()));
      if (known == rows_.end()) rows_.push_back(row);
    }
  }

  void fill(std::uint64_t first, std::uint64_t steps) {
    steps_ = steps;
    factors_.clear();
    corrections_.clear();
    for (const auto& row : rows_) {
      for (auto t = first; t < first + steps; ++t) append(row, t);
    }
  }

  /// [steps] of the range.
  [[nodiscard]] const float* of_setting(std::size_t setting) const {
    return factors_.data() + schedule_[setting] * steps_;
  }

  /// How many rows there are, and each setting's.
  [[nodiscard]] std::size_t schedules() const noexcept { return rows_.size(); }
  [[nodiscard]] const std::vector<std::uint32_t>& schedule() const noexcept { return schedule_; }
  /// [schedules][steps]
  [[nodiscard]] const std::vector<float>& factors() const noexcept { return factors_; }
  /// [schedules][steps][2], if every row's optimiser keeps means.
  [[nodiscard]] const std::vector<float>& corrections() const noexcept { return corrections_; }

 private:
  struct Row {
    Schedule schedule;
    Optimizer optimizer;
    bool operator==(const Row&) const = default;
  };

  void append(const Row& row, std::uint64_t t) {
    if (row.optimizer.means() == 0) {
      factors_.push_back(static_cast<float>(rate_factor(*ensemble_, row.schedule, t)));
      return;
    }
    factors_.push_back(static_cast<float>(row.schedule.factor(t)));
    const auto update = update_at(row.optimizer, t);
    corrections_.push_back(update.correction);
    corrections_.push_back(update.correction2);
  }

  const Ensemble* ensemble_;
  std::vector<Row> rows_;
  std::vector<std::uint32_t> schedule_;  ///< of a setting
  std::uint64_t steps_ = 0;
  std::vector<float> factors_;
  std::vector<float> corrections_;
};

}  // namespace helmholtz::step
