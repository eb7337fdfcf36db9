#include <algorithm>
#include <cmath>

#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

bool exact_is_feasible(const Topology& topology) {
  for (int l = 0; l < topology.last(); ++l) {
    const int above = l == 0 ? 0 : topology.size(l - 1);
    if (above + topology.size(l) > kMaxExactUnits) return false;
  }
  return true;
}

namespace {

template <class Real>
ExactDistribution distribution(const Topology& topology, const World& world,
                               std::span<const Real> w) {
  if (!exact_is_feasible(topology)) {
    throw InvalidArgument("layers", topology.to_string(),
                          "two neighbouring hidden layers of at most 20 units");
  }
  const auto log_p = [&](const LayerView& layer, std::size_t from, auto&& bit) {
    double sum = 0;
    for (int j = 0; j < layer.outputs; ++j) {
      double a = w[layer.bias + static_cast<std::size_t>(j)];
      for (int i = 0; i < layer.inputs; ++i) {
        if (((from >> i) & 1U) != 0) {
          a += w[layer.weights + static_cast<std::size_t>(j * layer.inputs + i)];
        }
      }
      sum += (bit(j) ? 0 : -a) - std::log1p(std::exp(-std::abs(a))) - std::max(0.0, -a);
    }
    return sum;
  };
  std::vector<double> prior = {1};
  for (int l = 0; l < topology.last(); ++l) {
    std::vector<double> next(std::size_t{1} << topology.size(l));
    for (std::size_t from = 0; from < prior.size(); ++from) {
      for (std::size_t to = 0; to < next.size(); ++to) {
        next[to] += prior[from] * std::exp(log_p(topology.generative(l), from,
                                                 [&](int j) { return ((to >> j) & 1U) != 0; }));
      }
    }
    prior = next;
  }
  ExactDistribution result{.log_probabilities = {}, .kl = -world.entropy(), .off_support = 1};
  for (std::size_t k = 0; k < world.size(); ++k) {
    double q = 0;
    for (std::size_t from = 0; from < prior.size(); ++from) {
      q += prior[from] * std::exp(log_p(topology.generative(topology.last()), from,
                                        [&](int j) { return world.bit(k, j); }));
    }
    result.log_probabilities.push_back(std::log(q));
    result.kl -= world.probabilities()[k] * std::log(q);
    result.off_support -= q;
  }
  return result;
}

}  // namespace

ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const float> parameters) {
  return distribution(topology, world, parameters);
}

ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const double> parameters) {
  return distribution(topology, world, parameters);
}

void exact_kl(const Topology& topology, const World& world, std::span<const float> parameters,
              std::span<double> kl) {
  for (std::size_t m = 0; m < kl.size(); ++m) {
    kl[m] = exact_distribution(topology, world,
                               parameters.subspan(m * topology.parameters(), topology.parameters()))
                .kl;
  }
}

void evaluate_machines(const Ensemble& ensemble, std::size_t first,
                       std::span<const float> parameters, std::uint64_t step,
                       const EvaluationOptions& options, std::span<Evaluation> out) {
  const auto n = ensemble.topology.parameters();
  for (std::size_t m = 0; m < out.size(); ++m) {
    const auto own = parameters.subspan(m * n, n);
    out[m] = {};
    out[m].diverged = has_diverged(own);
    if (out[m].diverged) continue;
    if (options.exact && exact_is_feasible(ensemble.topology)) {
      out[m].kl_exact = exact_distribution(ensemble.topology, ensemble.world, own).kl;
    }
    if (options.samples > 0) {
      const auto sampled =
          sampled_distribution(ensemble.topology, ensemble.world, own,
                               ensemble.machines[first + m].seed, step, options.samples);
      out[m].kl_sampled = sampled.kl;
      out[m].unseen = sampled.unseen;
    }
  }
}

}  // namespace helmholtz
