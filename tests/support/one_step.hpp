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
};

inline void PrintTo(const OneStepCase& test, std::ostream* out) {
  *out << Topology(test.layers).to_string() << " batch " << test.batch;
}

/// Steps whose Philox blocks need more than 32 bits.
inline constexpr std::uint64_t kLateStep = 0x4000'0000ULL;

struct OneStepComparison {
  int uncertain = 0;  ///< draws that float32 could decide otherwise
  double from_double = 0;
  double from_reference = 0;
  double tolerance = 0;  ///< on from_double if no draw was uncertain; twice that on from_reference
};

/// Without an uncertain draw the same units are sampled, so every parameter agrees within the
/// rounding of its sums; a single flipped unit would show as a difference of about a rate.
/// @param ensemble  one machine of rate 0.3 / batch at most
/// @param result    what a tolerant backend made of `start` by step number `step`
inline OneStepComparison compare_one_step(const Ensemble& ensemble, const std::vector<float>& start,
                                          std::uint64_t step, const std::vector<float>& result) {
  const double error = probability_error(ensemble.topology, start);
  auto trainer = make_trainer(ensemble, {.backend = "reference", .threads = 1});
  trainer.write_parameters(0, 1, start);
  trainer.set_step(step);
  trainer.train(1);
  std::vector<double> exact(start.begin(), start.end());
  DoubleDraws draws(ensemble.machines[0].seed, ensemble.topology, 2 * error);
  reference::ScalarMachine machine(ensemble, 0, draws, std::span(exact));
  machine.train_step(step);
  // Each of B deltas is off by `error`, their sum by B roundings of partial sums up to B; the
  // last addition rounds a parameter, of magnitude below 4.
  const double rate = 0.3 / ensemble.batch;
  const double rows = ensemble.batch;
  return {.uncertain = draws.uncertain(),
          .from_double = distance(result, exact),
          .from_reference = distance(result, parameters_of(trainer, 0, 1)),
          .tolerance = rate * rows * (error + rows * kHalfUlp) + 4 * kHalfUlp};
}

}  // namespace helmholtz::testing
