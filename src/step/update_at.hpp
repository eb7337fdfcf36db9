#pragma once

#include <cstdint>

#include "helmholtz/optimizer.hpp"
#include "model/portable_math.hpp"
#include "step/update.hpp"

namespace helmholtz::step {

/// 1 / (1 - beta^n), in double, by IEEE operations alone.
inline float mean_correction(float beta, std::uint64_t n) {
  return static_cast<float>(1 / (1 - portable::power(beta, n)));
}

/// An optimiser in step number `step`, whose update is number step + 1.
inline Update update_at(const Optimizer& optimizer, std::uint64_t step) {
  if (optimizer.means() == 0) return {};
  const auto beta = static_cast<float>(optimizer.beta);
  const auto beta2 = static_cast<float>(optimizer.beta2);
  return {.means = optimizer.means(),
          .beta = beta,
          .beta2 = beta2,
          .epsilon = static_cast<float>(optimizer.epsilon),
          .correction = mean_correction(beta, step + 1),
          .correction2 = mean_correction(beta2, step + 1)};
}

}  // namespace helmholtz::step
