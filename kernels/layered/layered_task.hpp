#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/layered/layered_shape.hpp"
#include "kernels/runtime/product.hpp"
#include "kernels/runtime/step_tables.hpp"

namespace helmholtz::cuda {

/// The step that runs, in the device's memory: a graph of a step reads it and moves it on.
struct StepClock {
  std::uint64_t first_block = 0;    ///< Philox block of the step's slot 0
  std::uint32_t step = 0;           ///< column of `factors`
  std::uint32_t factor_stride = 0;  ///< columns of `factors`
};

/// Parts of a number in bf16x3.
inline constexpr int kParts = 3;

/// Arguments of the kernels of a step, by value. Arrays of machines hold `capacity` of them, of
/// which the first `machines` are worked on.
struct LayeredTask : StepTables<LayeredShape> {
  Math math = Math::fp32;
  StepClock* clock = nullptr;
  float* parameters = nullptr;  ///< [capacity][shape.floats()]
  float* units = nullptr;       ///< [capacity][unit_elements()], 0 or 1; not with bf16x3
  /// [capacity][unit_elements()]: activities without bias; then, but for bf16x3, scaled errors:
  /// by the rate, or with means by error_weight
  float* activities = nullptr;
  int means =
      0;  ///< of each parameter that every machine's optimiser keeps (step/update.hpp); 0: sgd
  float error_weight = 1;              ///< of an error in a gradient, with means
  const float* optimizers = nullptr;   ///< [settings][3]: beta, beta2, epsilon; with means
  const float* corrections = nullptr;  ///< [schedules][steps][2], beside `factors`; with means
  float* gradients = nullptr;          ///< [capacity][shape.floats()]; with means
  /// [capacity][state_floats()]: [means][shape.floats()]; if learns_awake, behind them
  /// [means][recognition floats] of the recognition network in the wake phase
  float* state = nullptr;
  // With bf16x3, in place of `units` and scaled errors: where those have a unit's columns, these
  // have [kParts][column_stride()] of them.
  std::uint16_t* units16 = nullptr;       ///< the same in each part
  std::uint16_t* error_parts = nullptr;   ///< 0 in the columns that pad the stride
  std::uint16_t* weight_parts = nullptr;  ///< [capacity][shape.floats()][kParts]
  std::uint32_t machines = 0;
  std::uint32_t capacity = 0;
  bool nonnegative = false;
  std::uint32_t particles = 1;        ///< K, columns of a batch row in the wake phase
  std::uint32_t epoch_rows = 0;       ///< of a data set that is visited in epochs; 0: drawn
  bool learns_awake = false;          ///< a recognition network, in the wake phase too
  const float* wake_rates = nullptr;  ///< [settings][L], its rates then; if learns_awake
  float* weights =
      nullptr;  ///< [capacity][shape.column_stride()], of particles; if there are several

  // Of the phase that runs, as the shape's columns: LayeredQueue::begin().
  bool awake = true;
  std::uint32_t lanes =
      1;  ///< threads that share a unit's columns in the error kernel; a power of 2

  /// Whether errors are weighted.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST bool weighs() const { return awake && particles > 1; }
  /// The row of the random streams that a column draws from.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t row(std::uint32_t column) const {
    return awake ? column : column * particles;
  }
  /// Floats of a machine's state.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t state_floats() const {
    const auto third = learns_awake ? shape.floats() - shape.begin(Network::recognition) : 0;
    return static_cast<unsigned>(means) * (shape.floats() + third);
  }
};

/// Copies parameters in the order of files, for evaluations.
struct GatherTask {
  LayeredShape shape;
  const float* parameters = nullptr;  ///< [machines][shape.floats()]
  float* out = nullptr;               ///< [machines][shape.parameters()]
  std::uint32_t machines = 0;
};

}  // namespace helmholtz::cuda
