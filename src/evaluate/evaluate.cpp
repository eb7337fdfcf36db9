#include <algorithm>
#include <vector>

#include "evaluate/importance.hpp"
#include "evaluate/sampled.hpp"
#include "helmholtz/evaluation.hpp"

namespace helmholtz {

namespace {

/// The exact KL of the machines that have not diverged. A diverged one takes part as a machine of
/// zeros, so that blocks stay whole.
void evaluate_exactly(const Ensemble& ensemble, std::span<const float> parameters,
                      std::span<Evaluation> out) {
  const auto stride = ensemble.topology.parameters();
  std::vector<float> finite;
  for (std::size_t m = 0; m < out.size(); ++m) {
    if (!out[m].diverged) continue;
    if (finite.empty()) finite.assign(parameters.begin(), parameters.end());
    std::fill_n(finite.begin() + static_cast<std::ptrdiff_t>(m * stride), stride, 0.0F);
  }
  std::vector<double> kl(out.size());
  exact_kl(ensemble.topology, ensemble.world, finite.empty() ? parameters : finite, kl);
  for (std::size_t m = 0; m < out.size(); ++m) {
    if (!out[m].diverged) out[m].kl_exact = kl[m];
  }
}

void evaluate_by_samples(const Ensemble& ensemble, std::size_t first,
                         std::span<const float> parameters, std::uint64_t step,
                         std::uint64_t samples, std::span<Evaluation> out) {
  const auto stride = ensemble.topology.parameters();
  const PatternCounter counter(ensemble.world);
  const SampledEvaluator evaluator(ensemble.topology, counter);
  for (std::size_t m = 0; m < out.size(); ++m) {
    if (out[m].diverged) continue;
    const auto seed = ensemble.machines[first + m].seed;
    const auto sampled = evaluator.evaluate(&parameters[m * stride], seed, step, samples);
    out[m].kl_sampled = sampled.kl;
    out[m].unseen = sampled.unseen;
  }
}

void evaluate_by_particles(const Ensemble& ensemble, std::size_t first,
                           std::span<const float> parameters, const EvaluationOptions& options,
                           std::span<Evaluation> out) {
  const auto stride = ensemble.topology.parameters();
  const importance::LikelihoodRows evaluated(ensemble.world, options);
  for (std::size_t m = 0; m < out.size(); ++m) {
    if (out[m].diverged) continue;
    const auto rows = row_likelihoods(ensemble.topology, parameters.subspan(m * stride, stride),
                                      evaluated.rows(), ensemble.machines[first + m].seed,
                                      {.particles = options.particles, .threads = 1});
    set_likelihood(evaluated.mean(rows), out[m]);
  }
}

}  // namespace

EvaluationOptions computable(EvaluationOptions options, const Ensemble& ensemble) {
  options.exact = options.exact && exact_is_feasible(ensemble.topology, ensemble.world);
  if (ensemble.world.is_data()) options.samples = 0;
  return options;
}

void set_likelihood(const LogLikelihood& likelihood, Evaluation& evaluation) {
  evaluation.log_likelihood = likelihood.mean;
  evaluation.log_likelihood_error = likelihood.standard_error;
  evaluation.elbo = likelihood.elbo;
  evaluation.effective = likelihood.effective;
}

void evaluate_machines(const Ensemble& ensemble, std::size_t first,
                       std::span<const float> parameters, std::uint64_t step,
                       const EvaluationOptions& wanted, std::span<Evaluation> out) {
  const auto options = computable(wanted, ensemble);
  const auto stride = ensemble.topology.parameters();
  for (std::size_t m = 0; m < out.size(); ++m) {
    out[m] = {};
    out[m].diverged = has_diverged(parameters.subspan(m * stride, stride));
  }
  if (options.exact) evaluate_exactly(ensemble, parameters, out);
  if (options.samples > 0) {
    evaluate_by_samples(ensemble, first, parameters, step, options.samples, out);
  }
  if (options.particles > 0) evaluate_by_particles(ensemble, first, parameters, options, out);
}

}  // namespace helmholtz
