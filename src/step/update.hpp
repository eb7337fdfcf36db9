#pragma once

/// What update.inl takes from an optimiser that keeps means. No more of the standard library than a
/// compiler for devices brings along.
namespace helmholtz::step {

/// helmholtz::Optimizer in float32, at one step.
struct Update {
  int means = 0;  ///< Optimizer::means(): 1 is momentum, 2 is Adam
  float beta = 0;
  float beta2 = 0;
  float epsilon = 0;
  float correction = 1;   ///< 1 / (1 - beta^n) in update number n
  float correction2 = 1;  ///< 1 / (1 - beta2^n)
};

}  // namespace helmholtz::step
