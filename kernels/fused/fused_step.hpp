#pragma once

#include "kernels/fused/fused_task.hpp"
#include "kernels/runtime/float_ops.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/philox.hpp"

namespace helmholtz::cuda {

/// Where a machine's pattern of visit `visit` of the launch begins, if it is found ahead: its words
/// are task.stride apart.
HELMHOLTZ_DEVICE std::uint32_t* visit_at(const FusedTask& task, std::uint32_t m,
                                         std::uint32_t visit) {
  return task.visits + std::size_t{visit} * task.patterns.words_per_pattern * task.stride + m;
}

/// Finds that pattern.
HELMHOLTZ_DEVICE void find_visit(const FusedTask& task, std::uint32_t m, std::uint32_t visit) {
  const auto& table = task.patterns;
  const Philox philox(task.seeds[m]);
  const auto number = task.first_step * task.batch + visit;
  std::size_t row = 0;
  if (task.in_epochs) {
    row = visited_row(philox, table.count + 1, number);
  } else {
    std::uint32_t words[4];
    philox.block(number / task.batch * static_cast<unsigned>(draws::blocks_per_step(task.shape)),
                 visit % task.batch * task.particles, RandomPurpose::training, words);
    row = pattern_of(table, words[draws::kPattern]);
  }
  std::uint32_t* const out = visit_at(task, m, visit);
  for (std::uint32_t w = 0; w < table.words_per_pattern; ++w) {
    out[w * task.stride] =
        table.grey == nullptr
            ? table.words[row * table.words_per_pattern + w]
            : drawn_word(table, task.shape.size(task.shape.last()), philox, row, number, w);
  }
}

/// The patterns that one machine shows.
class ShownPatterns {
 public:
  HELMHOLTZ_DEVICE ShownPatterns(const FusedTask& task, std::uint32_t m) : task_(task), m_(m) {}

  /// The words of a pattern.
  struct Words {
    const std::uint32_t* first;
    std::size_t stride;
    HELMHOLTZ_DEVICE std::uint32_t operator[](std::uint32_t w) const { return first[w * stride]; }
  };
  /// @param word  draws it, or is the visit if it was found ahead (FusedStep::visit)
  [[nodiscard]] HELMHOLTZ_DEVICE Words words(std::uint32_t word) const {
    if (task_.visits != nullptr) return {visit_at(task_, m_, word), task_.stride};
    return {task_.patterns.words + pattern_of(task_.patterns, word) * count(), 1};
  }
  [[nodiscard]] HELMHOLTZ_DEVICE std::size_t count() const {
    return task_.patterns.words_per_pattern;
  }
  /// Visible units.
  [[nodiscard]] HELMHOLTZ_DEVICE int units() const { return task_.shape.size(task_.shape.last()); }

 private:
  const FusedTask& task_;
  std::uint32_t m_;
};

/// What steps of one machine read of a task: the `Step` of wake_sleep.inl's RowByRow, but for
/// draw().
template <class Shape>
class FusedStep {
 public:
  HELMHOLTZ_DEVICE FusedStep(const Shape& shape, const FusedTask& task, std::uint32_t m)
      : shape_(shape),
        task_(task),
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
  /// Whether the slots from `begin` on hold the pattern's, and patterns are found ahead.
  [[nodiscard]] HELMHOLTZ_DEVICE bool is_visit(int begin) const {
    return begin == draws::kPattern && task_.visits != nullptr;
  }
  /// The visit of the launch, which takes the place of the word that would draw its pattern.
  /// @param row  of random streams: each particle has one
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t visit(int row) const {
    return s_ * task_.batch + static_cast<std::uint32_t>(row) / task_.particles;
  }

 private:
  const Shape& shape_;
  const FusedTask& task_;
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
