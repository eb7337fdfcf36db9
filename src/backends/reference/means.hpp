#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "helmholtz/optimizer.hpp"
#include "model/portable_math.hpp"

namespace helmholtz::reference {

/// The means that an optimiser keeps of the gradients of some parameters (helmholtz/optimizer.hpp),
/// of those that learn in one phase.
template <class Real>
class Means {
 public:
  /// @param state  [optimizer.means()][parameters], as those of parameter `first` and on
  Means(const Optimizer& optimizer, std::span<Real> state, std::size_t first)
      : kind_(optimizer.kind),
        beta_(static_cast<float>(optimizer.beta)),
        beta2_(static_cast<float>(optimizer.beta2)),
        epsilon_(static_cast<float>(optimizer.epsilon)),
        first_(first),
        of_g_(state.first(optimizer.means() > 0
                              ? state.size() / static_cast<std::size_t>(optimizer.means())
                              : 0)),
        of_squares_(state.subspan(of_g_.size())) {}

  void begin_step(std::uint64_t step) {
    correction_ = static_cast<Real>(1 / (1 - portable::power(beta_, step + 1)));
    correction2_ = static_cast<Real>(1 / (1 - portable::power(beta2_, step + 1)));
  }

  /// What the rate of parameter k is multiplied with, given its gradient.
  Real direction(std::size_t k, Real g) {
    Real& mean = of_g_[k - first_];
    mean = beta_ * mean + (1 - beta_) * g;
    if (kind_ == Optimizer::Kind::momentum) return mean;
    Real& square = of_squares_[k - first_];
    square = beta2_ * square + (1 - beta2_) * (g * g);
    return mean * correction_ / (std::sqrt(square * correction2_) + epsilon_);
  }

 private:
  Optimizer::Kind kind_;
  Real beta_;
  Real beta2_;
  Real epsilon_;
  Real correction_ = 1;
  Real correction2_ = 1;
  std::size_t first_;
  std::span<Real> of_g_;
  std::span<Real> of_squares_;  ///< of g^2
};

}  // namespace helmholtz::reference
