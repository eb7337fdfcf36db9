#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "helmholtz/random.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"
#include "model/exact_scalar.hpp"

/// The two kinds of randomness and arithmetic that the reference machine runs on.
namespace helmholtz::reference {

/// Addressed Philox words and the exact class's float32 arithmetic.
class PhiloxDraws {
 public:
  using Real = float;

  PhiloxDraws(std::uint64_t seed, const Topology& topology)
      : stream_{.seed = seed}, blocks_per_step_(topology.draws_per_step() / 4) {}

  /// Goes to a slot of a training step and batch row.
  void seek(std::uint64_t step, std::uint32_t row, std::uint64_t slot) {
    stream_.row = row;
    first_block_ = step * blocks_per_step_;
    slot_ = slot;
  }

  std::size_t pattern(const World& world) {
    const auto thresholds = world.thresholds();
    const auto word = next();
    return static_cast<std::size_t>(std::upper_bound(thresholds.begin(), thresholds.end(), word) -
                                    thresholds.begin());
  }

  bool unit(float activity) {
    return exact::fires<exact::Scalar>(exact::one_plus_exp_minus<exact::Scalar>(activity), next());
  }

  static float probability(float activity) { return exact::sigmoid<exact::Scalar>(activity); }

 private:
  std::uint32_t next() { return random_word(stream_, first_block_, slot_++); }

  RandomStream stream_;
  std::uint64_t blocks_per_step_;
  std::uint64_t first_block_ = 0;
  std::uint64_t slot_ = 0;
};

/// NumPy's legacy generator as `numpy.random.seed` starts it, in double: draws come one after the
/// other, so the order of calls is the notebook's.
class NumpyDraws {
 public:
  using Real = double;

  /// NumPy seeds the Mersenne Twister with 32 bits by the rule that std::mt19937 uses.
  NumpyDraws(std::uint64_t seed, const Topology&) : engine_(static_cast<std::uint32_t>(seed)) {}

  void seek(std::uint64_t, std::uint32_t, std::uint64_t) {}

  /// numpy.random.choice(K, p=P): the first pattern whose cumulative probability exceeds a uniform.
  std::size_t pattern(const World& world) {
    const auto cumulative = world.cumulative();
    return static_cast<std::size_t>(
        std::upper_bound(cumulative.begin(), cumulative.end(), uniform()) - cumulative.begin());
  }

  bool unit(double activity) { return uniform() < probability(activity); }

  static double probability(double activity) { return 1.0 / (1.0 + std::exp(-activity)); }

  /// Passes over as many draws, each of two words.
  void skip(std::uint64_t draws) { engine_.discard(2 * draws); }

 private:
  /// 53 bits in [0, 1), from two words as NumPy combines them.
  double uniform() {
    const std::uint32_t a = static_cast<std::uint32_t>(engine_()) >> 5U;
    const std::uint32_t b = static_cast<std::uint32_t>(engine_()) >> 6U;
    return (a * 67108864.0 + b) / 9007199254740992.0;
  }

  std::mt19937 engine_;
};

}  // namespace helmholtz::reference
