#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <sstream>
#include <string>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/topology.hpp"
#include "model/exact_scalar.hpp"
#include "step/epoch_rows.hpp"

/// The two kinds of randomness and arithmetic that the reference machine runs on.
namespace helmholtz::reference {

/// The exact class's float32 arithmetic.
struct ExactArithmetic {
  using Real = float;

  static float probability(float activity) { return exact::sigmoid<exact::Scalar>(activity); }

  /// ln P(states) of a network, unit by unit.
  class LogProbability {
   public:
    explicit LogProbability(int units) : sum_(units) {}
    void add(float activity, bool state) {
      const float a = exact::clamped<exact::Scalar>(activity);
      sum_.add(a, exact::one_plus_exp_minus<exact::Scalar>(a), state ? 1.0F : 0.0F);
    }
    /// ln p - ln q
    static float log_ratio(const LogProbability& p, const LogProbability& q) {
      return Sum::log_ratio(p.sum_, q.sum_);
    }

   private:
    using Sum = exact::LogProbability<exact::Scalar>;
    Sum sum_;
  };

  /// w_k = exp(ln w_k) / sum_i exp(ln w_i), in place.
  static void normalise(std::span<float> weights) {
    exact::normalise_weights<exact::Scalar>(weights.data(), static_cast<int>(weights.size()));
  }
};

/// The same in double, by libm.
struct DoubleArithmetic {
  using Real = double;

  static double probability(double activity) { return 1.0 / (1.0 + std::exp(-activity)); }

  class LogProbability {
   public:
    explicit LogProbability(int) {}
    void add(double activity, bool state) {
      sum_ += std::log(probability(state ? activity : -activity));
    }
    static double log_ratio(const LogProbability& p, const LogProbability& q) {
      return p.sum_ - q.sum_;
    }

   private:
    double sum_ = 0;
  };

  static void normalise(std::span<double> weights) {
    const double largest = *std::max_element(weights.begin(), weights.end());
    double sum = 0;
    for (double& w : weights) sum += w = std::exp(w - largest);
    for (double& w : weights) w /= sum;
  }
};

/// Addressed Philox words and the exact class's arithmetic.
class PhiloxDraws : public ExactArithmetic {
 public:
  PhiloxDraws(std::uint64_t seed, const Topology& topology)
      : stream_{.seed = seed}, blocks_per_step_(topology.draws_per_step() / 4) {}

  /// Goes to a slot of a training step and batch row.
  void seek(std::uint64_t step, std::uint32_t row, std::uint64_t slot) {
    stream_.row = row;
    first_block_ = step * blocks_per_step_;
    slot_ = slot;
  }

  /// @param visit  step * batch + batch row
  std::size_t pattern(const Ensemble& ensemble, std::uint64_t visit) {
    const auto& world = ensemble.world;
    const auto thresholds = world.thresholds();
    const auto word = next();
    if (ensemble.order == Order::epochs) {
      return step::EpochRows(stream_.seed, world.size()).row(visit);
    }
    return static_cast<std::size_t>(std::upper_bound(thresholds.begin(), thresholds.end(), word) -
                                    thresholds.begin());
  }

  bool unit(float activity) {
    return exact::fires<exact::Scalar>(exact::one_plus_exp_minus<exact::Scalar>(activity), next());
  }

 private:
  std::uint32_t next() { return random_word(stream_, first_block_, slot_++); }

  RandomStream stream_;
  std::uint64_t blocks_per_step_;
  std::uint64_t first_block_ = 0;
  std::uint64_t slot_ = 0;
};

/// NumPy's legacy generator as `numpy.random.seed` starts it, in double: draws come one after the
/// other, so the order of calls is the notebook's.
class NumpyDraws : public DoubleArithmetic {
 public:
  /// NumPy seeds the Mersenne Twister with 32 bits by the rule that std::mt19937 uses.
  NumpyDraws(std::uint64_t seed, const Topology&) : engine_(static_cast<std::uint32_t>(seed)) {}

  void seek(std::uint64_t, std::uint32_t, std::uint64_t) {}

  /// numpy.random.choice(K, p=P): the first pattern whose cumulative probability exceeds a uniform.
  std::size_t pattern(const Ensemble& ensemble, std::uint64_t) {
    const auto cumulative = ensemble.world.cumulative();
    return static_cast<std::size_t>(
        std::upper_bound(cumulative.begin(), cumulative.end(), uniform()) - cumulative.begin());
  }

  bool unit(double activity) { return uniform() < probability(activity); }

  /// Passes over as many draws, each of two words.
  void skip(std::uint64_t draws) { engine_.discard(2 * draws); }

  /// The place in the stream, as text.
  [[nodiscard]] std::string engine() const {
    std::ostringstream text;
    text << engine_;
    return text.str();
  }
  /// @throws InvalidArgument (field "rng") for other text
  void set_engine(const std::string& text) {
    std::istringstream in(text);
    auto engine = engine_;
    if (!(in >> engine)) throw InvalidArgument("rng", "a damaged state", "a place in its stream");
    engine_ = engine;
  }

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
