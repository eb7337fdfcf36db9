#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "helmholtz/trainer.hpp"

/// Long work in short pieces, so that a stop request is honoured soon.
namespace helmholtz {

template <class Work>
double seconds_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// How much work to hand out at once so that a stop request is honoured soon: learns from what the
/// last piece took. Results never depend on it.
class Pace {
 public:
  explicit Pace(std::uint64_t first) : units_(first) {}

  /// Units for the next piece, at least 1 where any are left.
  [[nodiscard]] std::uint64_t next(std::uint64_t left) const { return std::min(units_, left); }

  void took(std::uint64_t units, double seconds) {
    constexpr double kTarget = 0.05;                  // seconds: stops are obeyed within 0.1
    if (units < units_ && seconds < kTarget) return;  // a remainder: it says little
    constexpr double kLargestGrowth = 8;
    const double factor = std::min(kLargestGrowth, kTarget / std::max(seconds, 1e-9));
    const double wanted = static_cast<double>(units) * factor;
    units_ = static_cast<std::uint64_t>(std::clamp(wanted, 1.0, 1e12));
  }

 private:
  std::uint64_t units_;
};

struct PacedCallbacks {
  std::function<bool()> stop_requested;  ///< asked before each piece, and between samples
  std::function<void(double)> advanced = [](double) {};  ///< gets the machine-steps of each piece
};

/// Trains up to step number `step`. @return false after a stop request
bool train_to(std::uint64_t step, Trainer& trainer, Pace& pace, const PacedCallbacks& callbacks);

/// Evaluates all machines. @return false after a stop request
/// @param pace  in machines
bool evaluate_all(Trainer& trainer, EvaluationOptions options, Pace& pace,
                  const PacedCallbacks& callbacks, std::vector<Evaluation>& out);

}  // namespace helmholtz
