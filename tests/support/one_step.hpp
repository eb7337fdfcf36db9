#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include "backends/reference/machine.hpp"
#include "helmholtz/trainer.hpp"
#include "support/double_draws.hpp"
#include "support/random_ensemble.hpp"

/// What the tolerant class promises of one training step from a given state.
namespace helmholtz::testing {

/// The largest distance between two parameter vectors; NaN counts as infinite.
template <class A, class B>
double distance(const std::vector<A>& a, const std::vector<B>& b) {
  double largest = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double d = std::abs(static_cast<double>(a[k]) - static_cast<double>(b[k]));
    largest = d <= largest ? largest : std::isnan(d) ? std::numeric_limits<double>::infinity() : d;
  }
  return largest;
}

struct OneStepCase {
  std::vector<int> layers;
  int batch;
  double scale;  // of the injected parameters
  int states;
  const char* optimizer = "sgd";
  int particles = 1;
  bool learns_awake = false;  // the recognition network, in the wake phase too

  /// One machine; with several particles at a tenth of the rate, so that errors of their weights do
  /// not make draws of the sleep phase uncertain.
  [[nodiscard]] Ensemble ensemble() const {
    auto one = random_ensemble(layers, batch, 1, scale);
    auto& setting = one.settings[0];
    const double rate = (particles > 1 ? 0.03 : 0.3) / batch;
    setting.rates = LearningRateOptions{.rate = rate}.resolve(one.topology);
    if (learns_awake) setting.rates.recognition_wake = setting.rates.recognition;
    setting.optimizer = Optimizer::parse(optimizer);
    one.particles = particles;
    return one;
  }
};

inline void PrintTo(const OneStepCase& test, std::ostream* out) {
  *out << Topology(test.layers).to_string() << " batch " << test.batch << " particles "
       << test.particles << ' ' << test.optimizer;
}

/// Steps whose Philox blocks need more than 32 bits.
inline constexpr std::uint64_t kLateStep = 0x4000'0000ULL;

struct OneStepComparison {
  int uncertain = 0;  ///< draws that float32 could decide otherwise
  double from_double = 0;
  double from_reference = 0;
  double tolerance = 0;  ///< on from_double if no draw was uncertain; twice that on from_reference
};

/// An optimiser's state somewhere on its way through gradients of a batch's size: means of g up to
/// B, means of g^2 from (B / 2)^2 to B^2.
inline std::vector<float> optimizer_state_under_way(const Ensemble& ensemble) {
  std::vector<float> state(optimizer_state_floats(ensemble, 0));
  const auto rows = static_cast<float>(ensemble.batch);
  const auto means = static_cast<std::size_t>(ensemble.hyperparameters(0).optimizer.means());
  const auto all = ensemble.topology.parameters();
  const auto awake = all - ensemble.topology.generative_parameters();
  for (std::size_t k = 0; k < state.size(); ++k) {
    const float share = static_cast<float>(k * 7 % 16) / 16;
    const bool is_square = k < means * all ? k >= all : k - means * all >= awake;
    state[k] = is_square ? rows * rows * (0.25F + 0.75F * share) : rows * (2 * share - 1);
  }
  return state;
}

/// How far a parameter may be off that follows a gradient of up to `rows`, itself off by `error`.
///
/// sgd: by rate * error. momentum: by less, but for three roundings of the mean, up to `rows`. Adam
/// from optimizer_state_under_way(), long after its start: sqrt(v) is 0.49 rows at least, so that
/// the direction, below 2.1, changes with g by (1 - beta) / sqrt(v) + m (1 - beta2) g / v^(3/2),
/// together below 1.2 / rows for beta >= 1/2 and beta2 >= 0.99; eight roundings, each of half a
/// unit.
inline double allowed_move(const Optimizer& optimizer, double rate, double rows, double error) {
  switch (optimizer.kind) {
    case Optimizer::Kind::adam:
      return rate * (1.2 * error / rows + 8 * 2.1 * kHalfUlp);
    case Optimizer::Kind::momentum:
      return rate * (error + 3 * rows * kHalfUlp);
    case Optimizer::Kind::sgd:
      break;
  }
  return rate * error;
}

/// How far float32 may put a particle's normalised weight off, relatively. ln p - ln q has a term
/// per unit and network, about ln 2: each is off by 4 * `error`, a probability's, of its activity,
/// and its addition by half a unit of the partial sum so far. These errors have random signs, as
/// those of activities do. A weight has the error of its own logarithm, and their mean's.
inline double weight_error(const Topology& topology, double error) {
  const double terms = topology.units() + topology.hidden_units();
  return 2 * std::sqrt(terms) * (4 * error + terms * kHalfUlp);
}

/// Without an uncertain draw the same units are sampled, so every parameter agrees within the
/// rounding of its sums; a single flipped unit would show as a difference of about a rate.
/// @param ensemble  OneStepCase::ensemble(), or one machine of one rate, 0.3 / batch at most
/// @param result    what a tolerant backend made of `start` by step number `step`, where its
///                  optimiser keeps means from optimizer_state_under_way() on
inline OneStepComparison compare_one_step(const Ensemble& ensemble, const std::vector<float>& start,
                                          std::uint64_t step, const std::vector<float>& result) {
  const auto& topology = ensemble.topology;
  const auto& setting = ensemble.hyperparameters(0);
  const double error = probability_error(topology, start);
  // Each of B deltas is off by `error`, with particles also by that of their weights, which add up
  // to 1; their sum by as many roundings of partial sums up to B.
  const double rate = 0.3 / ensemble.batch;
  const double rows = ensemble.batch;
  const bool weighs = ensemble.particles > 1;
  const double delta = error + (weighs ? weight_error(topology, error) : 0);
  const auto moved = [&](double own) {
    const double most = weighs ? setting.rates.generative[0] : rate;
    const double sum = rows * (own + rows * ensemble.particles * kHalfUlp);
    return allowed_move(setting.optimizer, most, rows, sum);
  };
  // What the sleep phase finds moved has signs of its own, as weights have in probability_error.
  const auto& sizes = topology.layer_sizes();
  const double inputs = *std::max_element(sizes.begin(), sizes.end()) + 1.0;
  const double later = weighs ? std::sqrt(inputs) * moved(delta) / 4 : 0;

  auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 1});
  trainer.write_parameters(0, 1, start);
  const auto state = optimizer_state_under_way(ensemble);
  trainer.write_optimizer_state(0, state);
  trainer.set_step(step);
  trainer.train(1);
  std::vector<double> exact(start.begin(), start.end());
  std::vector<double> exact_state(state.begin(), state.end());
  DoubleDraws draws(ensemble.machines[0].seed, topology, 2 * error + later);
  reference::ScalarMachine machine(ensemble, 0, draws, std::span(exact), std::span(exact_state));
  machine.train_step(step);
  // Two phases move a recognition network that learns awake. The last addition of each rounds a
  // parameter, of magnitude below 4.
  const double asleep = setting.rates.learn_awake() ? moved(error + later) + 4 * kHalfUlp : 0;
  return {.uncertain = draws.uncertain(),
          .from_double = distance(result, exact),
          .from_reference = distance(result, parameters_of(trainer, 0, 1)),
          .tolerance = moved(delta) + asleep + 4 * kHalfUlp};
}

}  // namespace helmholtz::testing
