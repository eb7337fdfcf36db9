#pragma once

#include "kernels/fused/fused_task.hpp"
#include "kernels/runtime/float_ops.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/philox.hpp"

namespace helmholtz::cuda {

/// In epochs: a word that draws the row of visit `visit` of the launch, for machine m.
HELMHOLTZ_DEVICE void find_visit(const FusedTask& task, std::uint32_t m, std::uint32_t visit) {
  const auto row = visited_row(Philox(task.seeds[m]), task.patterns.count + 1,
                               task.first_step * task.batch + visit);
  task.visits[visit * task.stride + m] = row == 0 ? 0 : task.patterns.thresholds[row - 1];
}

/// What steps of one machine read of a task: the `Step` of wake_sleep.inl's RowByRow, but for
/// draw().
template <class Shape>
class FusedStep {
 public:
  HELMHOLTZ_DEVICE FusedStep(const Shape& shape, const FusedTask& task, std::uint32_t m)
      : shape_(shape),
        task_(task),
        m_(m),
        philox_(task.seeds[m]),
        rates_(task.rates_of(task.settings[m])),
        factors_(task.factors_of(task.settings[m])),
        first_block_((task.first_step - 1) * static_cast<unsigned>(draws::blocks_per_step(shape))) {
  }

  /// Goes to the task's step s: steps come in order.
  HELMHOLTZ_DEVICE void begin(std::uint32_t s) {
    s_ = s;
    factor_ = factors_[s];
    first_block_ += static_cast<unsigned>(draws::blocks_per_step(shape_));
  }

  [[nodiscard]] HELMHOLTZ_DEVICE int rows() const { return static_cast<int>(task_.batch); }
  [[nodiscard]] HELMHOLTZ_DEVICE bool nonnegative_weights() const { return task_.nonnegative; }
  [[nodiscard]] HELMHOLTZ_DEVICE float rate(int r) const { return scaled(rates_[r]); }

 protected:
  /// A rate at this step.
  [[nodiscard]] HELMHOLTZ_DEVICE float scaled(float rate) const {
    return FloatOps::mul(rate, factor_);
  }
  /// The words of block b of the step.
  HELMHOLTZ_DEVICE void draw_block(int b, int row, std::uint32_t* words) const {
    philox_.block(first_block_ + static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(row),
                  RandomPurpose::training, words);
  }
  /// Whether the slots from `begin` on hold the pattern's, and rows are visited in epochs.
  [[nodiscard]] HELMHOLTZ_DEVICE bool is_visit(int begin) const {
    return begin == draws::kPattern && task_.visits != nullptr;
  }
  /// The word that draws the visited row. @param row  of random streams: each particle has one
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t visited(int row) const {
    const auto visit = s_ * task_.batch + static_cast<std::uint32_t>(row) / task_.particles;
    return task_.visits[visit * task_.stride + m_];
  }

 private:
  const Shape& shape_;
  const FusedTask& task_;
  std::uint32_t m_;
  std::uint32_t s_ = 0;
  Philox philox_;
  const float* rates_;
  const float* factors_;
  float factor_ = 1;
  std::uint64_t first_block_;
};

/// The same for ReweightedRowByRow. @tparam Step  a FusedStep<LayerShape> with its draw()
template <class Step>
struct ReweightedStep : Step {
  const FusedTask& task;
  const float* wake_rates;  ///< of the machine's setting; null: none

  HELMHOLTZ_DEVICE ReweightedStep(const Step& step, const FusedTask& its_task, std::uint32_t m)
      : Step(step), task(its_task), wake_rates(its_task.wake_rates_of(its_task.settings[m])) {}

  [[nodiscard]] HELMHOLTZ_DEVICE int particles() const { return static_cast<int>(task.particles); }
  [[nodiscard]] HELMHOLTZ_DEVICE bool learns_awake() const { return wake_rates != nullptr; }
  /// The recognition network's in the wake phase follow the others.
  [[nodiscard]] HELMHOLTZ_DEVICE float rate(int r) const {
    const int awake = r - (2 * task.shape.last() + 1);
    return awake < 0 ? Step::rate(r) : this->scaled(wake_rates[awake]);
  }
};

/// Takes the task's steps.
template <class Machine>
HELMHOLTZ_DEVICE void take_steps(const FusedTask& task, Machine& machine) {
  for (std::uint32_t s = 0; s < task.steps; ++s) {
    machine.step.begin(s);
    train_step(machine);
  }
}

}  // namespace helmholtz::cuda
