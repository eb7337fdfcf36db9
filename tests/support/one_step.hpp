#pragma once

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
};

inline void PrintTo(const OneStepCase& test, std::ostream* out) {
  *out << Topology(test.layers).to_string() << " batch " << test.batch << ' ' << test.optimizer;
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
  for (std::size_t k = 0; k < state.size(); ++k) {
    const float share = static_cast<float>(k * 7 % 16) / 16;
    const bool is_square = k >= ensemble.topology.parameters();
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

/// Without an uncertain draw the same units are sampled, so every parameter agrees within the
/// rounding of its sums; a single flipped unit would show as a difference of about a rate.
/// @param ensemble  one machine of rate 0.3 / batch at most
/// @param result    what a tolerant backend made of `start` by step number `step`, where its
///                  optimiser keeps means from optimizer_state_under_way() on
inline OneStepComparison compare_one_step(const Ensemble& ensemble, const std::vector<float>& start,
                                          std::uint64_t step, const std::vector<float>& result) {
  const double error = probability_error(ensemble.topology, start);
  auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 1});
  trainer.write_parameters(0, 1, start);
  const auto state = optimizer_state_under_way(ensemble);
  trainer.write_optimizer_state(0, state);
  trainer.set_step(step);
  trainer.train(1);
  std::vector<double> exact(start.begin(), start.end());
  std::vector<double> exact_state(state.begin(), state.end());
  DoubleDraws draws(ensemble.machines[0].seed, ensemble.topology, 2 * error);
  reference::ScalarMachine machine(ensemble, 0, draws, std::span(exact), std::span(exact_state));
  machine.train_step(step);
  // Each of B deltas is off by `error`, their sum by B roundings of partial sums up to B; the
  // last addition rounds a parameter, of magnitude below 4.
  const double rate = 0.3 / ensemble.batch;
  const double rows = ensemble.batch;
  return {.uncertain = draws.uncertain(),
          .from_double = distance(result, exact),
          .from_reference = distance(result, parameters_of(trainer, 0, 1)),
          .tolerance = allowed_move(ensemble.settings[0].optimizer, rate, rows,
                                    rows * (error + rows * kHalfUlp)) +
                       4 * kHalfUlp};
}

}  // namespace helmholtz::testing
