#pragma once

#include <algorithm>
#include <cstdint>

namespace helmholtz {

/// How much work to hand out at once so that a stop request is honoured soon: learns from what the
/// last piece took. Results never depend on it.
class Pace {
 public:
  explicit Pace(std::uint64_t first) : units_(first) {}

  /// Units for the next piece, at least 1 where any are left.
  [[nodiscard]] std::uint64_t next(std::uint64_t left) const { return std::min(units_, left); }

  void took(std::uint64_t units, double seconds) {
    constexpr double kTarget = 0.15;                  // seconds
    if (units < units_ && seconds < kTarget) return;  // a remainder: it says little
    constexpr double kLargestGrowth = 8;
    const double factor = std::min(kLargestGrowth, kTarget / std::max(seconds, 1e-9));
    const double wanted = static_cast<double>(units) * factor;
    units_ = static_cast<std::uint64_t>(std::clamp(wanted, 1.0, 1e12));
  }

 private:
  std::uint64_t units_;
};

}  // namespace helmholtz
