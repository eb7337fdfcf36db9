#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "helmholtz/contract.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

/// How well a machine models its world: KL(world || model) = sum_v P(v) ln(P(v) / Q(v)) over the
/// patterns with P > 0, in nats. Never negative: what rounding takes below zero is 0.
///
/// Values are deterministic to the bit: exact KLs in double by IEEE operations in a fixed order (no
/// libm), sampled ones from addressed draws and integer counts, log-likelihoods
/// (log_likelihood.hpp) from addressed draws and sums in a fixed order. They depend neither on the
/// instruction set, nor on the number of threads, nor on the machines beside it. Parameters must be
/// finite, but for evaluate_machines. Functions may run on several threads at once. Those that take
/// a World throw InvalidArgument (field "world") if it is the rows of a data set.
namespace helmholtz {

/// Whether the exact functions accept the topology (kMaxExactUnits of contract.hpp).
bool exact_is_feasible(const Topology& topology);
/// Whether the world's patterns are counted too: not the rows of a data set.
bool exact_is_feasible(const Topology& topology, const World& world);

/// Q by enumerating hidden states layer by layer.
struct ExactDistribution {
  std::vector<double> log_probabilities;  ///< ln Q, one per pattern of the world
  double kl = 0;                          ///< KL(world || model), nats
  double off_support = 0;                 ///< max(0, 1 - sum Q over the world's patterns)
};

/// Q from generated samples. A pattern never seen makes kl +inf.
struct SampledDistribution {
  std::vector<std::uint64_t> counts;  ///< one per pattern of the world
  std::uint64_t samples = 0;
  std::uint64_t off_support = 0;  ///< samples that are no pattern of the world
  std::uint32_t unseen = 0;       ///< patterns with count 0
  double kl = 0;                  ///< KL(world || model), nats
};

/// One machine, exact: by sums of logarithms, so finite for any finite parameters. Cost
/// O(2^(n_l + n_{l+1})) for the widest pair of hidden layers; memory: one double per
/// hidden state per machine in the batch, at most about 64 MiB (20 units, 8 machines).
/// @param parameters      [topology.parameters()]
/// @param stop_requested  asked many times per second; true ends it, without log_probabilities
/// @throws InvalidArgument (field "layers") unless exact_is_feasible(topology)
ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const float> parameters,
                                     const std::function<bool()>& stop_requested = {});
ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const double> parameters);

/// Many machines, exact KL only.
/// @param parameters  [machines x topology.parameters()]
/// @param kl          [machines], nats
void exact_kl(const Topology& topology, const World& world, std::span<const float> parameters,
              std::span<double> kl);

/// KL(world || model) in nats when `counts` of `samples` generated patterns equal the world's
/// patterns, and how many were never seen: +inf as soon as one is.
SampledDistribution distribution_from_counts(const World& world, std::vector<std::uint64_t> counts,
                                             std::uint64_t samples);

/// One machine, sampled: generated samples [0, samples) of the evaluation at `step`.
/// @param parameters  [topology.parameters()]
SampledDistribution sampled_distribution(const Topology& topology, const World& world,
                                         std::span<const float> parameters, std::uint64_t seed,
                                         std::uint64_t step, std::uint64_t samples);

/// The patterns that sampled_distribution counts: samples [first, first + count).
/// @return [count x visible units], 0 or 1
std::vector<std::uint8_t> generate_patterns(const Topology& topology,
                                            std::span<const float> parameters, std::uint64_t seed,
                                            std::uint64_t step, std::uint64_t first,
                                            std::uint64_t count);

struct EvaluationOptions {
  bool exact = true;  ///< where exact_is_feasible; else kl_exact stays NaN
  /// Generated samples for the sampled KL; 0: none. For data, kl_sampled stays NaN.
  std::uint64_t samples = 0;
  /// K, per row, for the log-likelihood by importance sampling (log_likelihood.hpp); 0: none.
  std::uint64_t particles = 0;
  /// What the log-likelihood is of: the first `row_count` of these rows, 0: all. Grey rows are
  /// drawn once (binarised()). Null: those of the ensemble's world; patterns by their
  /// probabilities, so that -log_likelihood - entropy is at least the exact KL in expectation, and
  /// near it for many particles.
  std::shared_ptr<const Rows> rows = {};
  std::size_t row_count = 0;
  /// Asked by Trainer::evaluate between pieces of samples and particles; true ends it. On the
  /// calling thread, but with several devices on a thread of each.
  std::function<bool()> stop_requested = {};

  static constexpr std::uint64_t kMaxSamples = 1'000'000'000;
  static constexpr std::uint64_t kMaxParticles = 1'000'000'000;
};

/// Rows that the log-likelihood is of; `row_count` is in range.
std::size_t evaluated_rows(const EvaluationOptions& options, const World& world);

/// The options without what cannot be computed for the ensemble.
EvaluationOptions computable(EvaluationOptions options, const Ensemble& ensemble);

/// One machine's evaluation. A value that was not computed, or of a diverged machine, is NaN.
/// metrics.hpp has them as a table.
struct Evaluation {
  double kl_exact = std::numeric_limits<double>::quiet_NaN();    ///< nats
  double kl_sampled = std::numeric_limits<double>::quiet_NaN();  ///< nats; +inf if unseen > 0
  /// Patterns of the world that no sample equals.
  double unseen = std::numeric_limits<double>::quiet_NaN();
  /// Mean over the rows of ln 1/K sum_k w_k, nats per row.
  double log_likelihood = std::numeric_limits<double>::quiet_NaN();
  /// Its standard error, nats: of the mean over a sample of rows (NaN for one row); over a world's
  /// patterns, of the particles alone (NaN for K = 1).
  double log_likelihood_error = std::numeric_limits<double>::quiet_NaN();
  /// Mean over the rows of 1/K sum_k ln w_k, nats per row.
  double elbo = std::numeric_limits<double>::quiet_NaN();
  /// Mean over the rows of the effective sample size, as a share of K.
  double effective = std::numeric_limits<double>::quiet_NaN();
  bool diverged = false;
};

/// Evaluates machines [first, first + out.size()) of an ensemble after `step` steps, on this
/// thread.
/// @param parameters  [out.size() x topology.parameters()]
/// @throws InvalidArgument (field "rows") unless the options' rows fit the world and are there
void evaluate_machines(const Ensemble& ensemble, std::size_t first,
                       std::span<const float> parameters, std::uint64_t step,
                       const EvaluationOptions& options, std::span<Evaluation> out);

}  // namespace helmholtz
