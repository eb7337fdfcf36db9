#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backends/reference/draws.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/topology.hpp"

/// The oracle of the tolerant class: the reference's training step in double, with the draws of
/// float32.
namespace helmholtz::testing {

inline constexpr double kHalfUlp = 0x1p-24;  ///< relative rounding error of float32

/// Addressed draws with double arithmetic; counts the draws that float32 could decide otherwise.
class DoubleDraws : public reference::DoubleArithmetic {
 public:
  DoubleDraws(std::uint64_t seed, const Topology& topology, double uncertainty)
      : words_(seed, topology),
        stream_{.seed = seed},
        topology_(topology),
        uncertainty_(uncertainty) {}

  void seek(std::uint64_t step, std::uint32_t row, std::uint64_t slot) {
    words_.seek(step, row, slot);
    stream_.row = row;
    first_block_ = step * (topology_.draws_per_step() / 4);
    slot_ = slot;
  }

  std::size_t pattern(const Ensemble& ensemble, std::uint64_t visit) {
    ++slot_;
    return words_.pattern(ensemble, visit);
  }

  bool unit(double activity) {
    const double u = (random_word(stream_, first_block_, slot_++) >> 9U) * 0x1p-23;
    const double p = probability(activity);
    if (!(std::abs(u - p) >= uncertainty_)) ++uncertain_;
    return u < p;
  }

  [[nodiscard]] int uncertain() const { return uncertain_; }

 private:
  reference::PhiloxDraws words_;
  RandomStream stream_;
  const Topology& topology_;
  double uncertainty_;
  std::uint64_t first_block_ = 0;
  std::uint64_t slot_ = 0;
  int uncertain_ = 0;
};

/// How far float32 may put a probability off. An activity adds k terms in some order: its error
/// stays below sqrt(k) u sum|w| with overwhelming probability (Higham & Mary 2019), the worst case
/// being k u sum|w|; random signs make the partial sums, and so the error, ten times smaller still.
/// The logistic function passes on at most a quarter; 1e-6 covers exp's and the reciprocal's own
/// error.
inline double probability_error(const Topology& topology, std::span<const float> parameters) {
  double largest = 0;
  const auto look_at = [&](const LayerView& layer) {
    for (int j = 0; j < layer.outputs; ++j) {
      double sum = std::abs(parameters[layer.bias + static_cast<std::size_t>(j)]);
      for (int i = 0; i < layer.inputs; ++i) {
        sum += std::abs(parameters[layer.weights + static_cast<std::size_t>(j * layer.inputs + i)]);
      }
      largest = std::max(largest, std::sqrt(layer.inputs + 1.0) * kHalfUlp * sum);
    }
  };
  for (int l = 0; l <= topology.last(); ++l) look_at(topology.generative(l));
  for (int l = 0; l < topology.last(); ++l) look_at(topology.recognition(l));
  return largest / 4 + 1e-6;
}

}  // namespace helmholtz::testing
