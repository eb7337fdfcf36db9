#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/draw_layout.hpp"
#include "helmholtz/layer_shape.hpp"
#include "kernels/runtime/portable.hpp"
#include "kernels/runtime/step_tables.hpp"

/// Arguments of a launch of a fused kernel, by value: they lie in the constant bank.
namespace helmholtz::cuda {

/// Steps [first_step, first_step + steps) of machines that lie side by side: parameter k of machine
/// m is at parameters[k * stride + m].
struct FusedTask : StepTables<LayerShape> {
  float* parameters = nullptr;  ///< [parameters][stride]
  float* scratch = nullptr;  ///< global memory where a launch plan says so; zero between launches
  std::uint64_t stride = 0;
  std::uint32_t machines = 0;
  std::uint32_t batch = 1;
  std::uint32_t particles = 1;
  const float* wake_rates = nullptr;  ///< [settings][L] of the recognition network; null: none
  std::uint32_t steps = 0;
  std::uint32_t factor_stride = 0;  ///< floats of a row of `factors`
  bool nonnegative = false;
  bool in_epochs = false;  ///< the patterns are rows of a data set, visited in epochs
  /// [steps * batch][patterns.words_per_pattern][stride]: the patterns of all visits, if they are
  /// found_ahead(); else null
  std::uint32_t* visits = nullptr;
  std::uint64_t first_step = 0;

  /// Whether patterns take more to be found than a word: in epochs, and grey rows.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST bool found_ahead() const {
    return in_epochs || patterns.grey != nullptr;
  }
  /// Whether it takes the kernels of reweighted wake-sleep.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST bool reweighted() const {
    return particles > 1 || wake_rates != nullptr;
  }
  /// A setting's [2 L + 1] rates, and its factors of the steps.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const float* rates_of(std::uint32_t setting) const {
    return rates + setting * static_cast<std::size_t>(2 * shape.last() + 1);
  }
  /// Its [L] wake rates; null if there are none.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const float* wake_rates_of(std::uint32_t setting) const {
    const auto first = setting * static_cast<std::size_t>(shape.last());
    return wake_rates == nullptr ? nullptr : wake_rates + first;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const float* factors_of(std::uint32_t setting) const {
    return factors + static_cast<std::size_t>(schedules[setting]) * factor_stride;
  }
};

}  // namespace helmholtz::cuda
