#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/reference/draws.hpp"
#include "backends/reference/means.hpp"
#include "helmholtz/contract.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "model/rates.hpp"

namespace helmholtz::reference {

/// The units of every layer, top first: s[l][i] is 0 or 1.
using States = std::vector<std::vector<std::uint8_t>>;

/// One Helmholtz machine trained by wake-sleep (Hinton, Dayan, Frey & Neal 1995) or, with several
/// particles or a wake-phase rate of the recognition network, reweighted wake-sleep (Bornschein &
/// Bengio 2015), one unit at a time.
///
/// `Draws` brings the randomness and the arithmetic: float32 to the bit of the exact class, or
/// double in NumPy's order of calls.
template <class Draws>
class ScalarMachine {
 public:
  using Real = typename Draws::Real;

  /// @param state  [optimizer_state_floats(ensemble, m)]
  ScalarMachine(const Ensemble& ensemble, std::size_t m, Draws& draws, std::span<Real> parameters,
                std::span<Real> state = {})
      : ensemble_(ensemble),
        topology_(ensemble.topology),
        hyperparameters_(ensemble.hyperparameters(m)),
        seed_(ensemble.machines[m].seed),
        draws_(draws),
        parameters_(parameters),
        deltas_(parameters.size()),
        is_sgd_(hyperparameters_.optimizer.means() == 0),
        means_(hyperparameters_.optimizer, state.first(first_means(parameters.size())), 0),
        wake_means_(hyperparameters_.optimizer, state.subspan(first_means(parameters.size())),
                    topology_.generative_parameters()),
        particles_(index(ensemble.particles)),
        weights_(index(ensemble.particles)) {
    for (auto& states : particles_) {
      for (const int size : topology_.layer_sizes()) states.emplace_back(index(size));
    }
  }

  /// Training step number `step`: a wake phase over the batch, then a sleep phase.
  void train_step(std::uint64_t step) {
    const auto& schedule = hyperparameters_.schedule;
    factor_ =
        static_cast<Real>(is_sgd_ ? rate_factor(ensemble_, schedule, step) : schedule.factor(step));
    means_.begin_step(step);
    wake_means_.begin_step(step);

    for (int b = 0; b < ensemble_.batch; ++b) wake(step, b);
    const auto& rates = hyperparameters_.rates;
    apply_generative(rates.generative);
    if (rates.learn_awake()) apply_recognition(rates.recognition_wake, wake_means_);
    if (ensemble_.nonnegative) clamp_visible_weights();

    for (int b = 0; b < ensemble_.batch; ++b) sleep(step, b);
    apply_recognition(rates.recognition, means_);
  }

  /// A sample of one generative layer given the one above it; layer 0 needs none.
  void sample_generative(int l, States& states) {
    sample(topology_.generative(l), generative_inputs(l, states), states[index(l)]);
  }

 private:
  using LogProbability = typename Draws::LogProbability;
  using Units = std::vector<std::uint8_t>;

  /// Recognises a pattern of the world, once per particle; both networks learn to reproduce each
  /// layer of each particle, as far as its weight goes.
  void wake(std::uint64_t step, int b) {
    const auto visit = step * static_cast<std::uint64_t>(ensemble_.batch) + index(b);
    for (int k = 0; k < ensemble_.particles; ++k) {
      auto& states = particles_[index(k)];
      draws_.seek(step, row(b, k), 0);
      const auto pattern = draws_.pattern(ensemble_, visit);
      if (k == 0) {
        show(pattern, visit, states.back());
      } else {
        states.back() = particles_[0].back();
      }
      for (int l = topology_.last() - 1; l >= 0; --l) {
        sample(topology_.recognition(l), &states[index(l + 1)], states[index(l)]);
      }
    }
    weigh_particles();
    const auto& rates = hyperparameters_.rates;
    for (int k = 0; k < ensemble_.particles; ++k) {
      learn_generative(rates.generative, weights_[index(k)], particles_[index(k)]);
      if (rates.learn_awake()) {
        learn_recognition(rates.recognition_wake, weights_[index(k)], particles_[index(k)]);
      }
    }
  }

  /// Dreams a pattern; the recognition network learns to recover each layer.
  void sleep(std::uint64_t step, int b) {
    auto& states = particles_[0];
    draws_.seek(step, row(b, 0), 1 + static_cast<std::uint64_t>(topology_.hidden_units()));
    for (int l = 0; l <= topology_.last(); ++l) sample_generative(l, states);
    learn_recognition(hyperparameters_.rates.recognition, 1, states);
  }

  /// Of the random streams: b * K + k for particle k of batch row b.
  [[nodiscard]] std::uint32_t row(int b, int k) const {
    return static_cast<std::uint32_t>(b) * static_cast<std::uint32_t>(ensemble_.particles) +
           static_cast<std::uint32_t>(k);
  }

  /// A pattern's units; of a grey row those that are drawn at this visit.
  void show(std::size_t pattern, std::uint64_t visit, Units& visible) const {
    const auto& world = ensemble_.world;
    if (world.is_grey()) return show_grey(*world.data().rows, pattern, visit, visible);
    for (std::size_t i = 0; i < visible.size(); ++i) {
      visible[i] = world.bit(pattern, static_cast<int>(i)) ? 1 : 0;
    }
  }
  void show_grey(const Rows& rows, std::size_t row, std::uint64_t visit, Units& visible) const {
    std::vector<std::uint32_t> words(rows.words_per_row());
    draw_row(rows, row, seed_, visit, words);
    const PackedRows drawn{words, words.size()};
    for (std::size_t i = 0; i < visible.size(); ++i) visible[i] = drawn.bit(0, i) ? 1 : 0;
  }

  /// w_k = p(x, h_k) / q(h_k | x), normalised over the particles; a single one has weight 1.
  void weigh_particles() {
    if (weights_.size() == 1) {
      weights_[0] = 1;
      return;
    }
    std::transform(particles_.begin(), particles_.end(), weights_.begin(),
                   [&](const States& states) { return log_weight(states); });
    Draws::normalise(weights_);
  }

  /// ln p(x, h) - ln q(h | x)
  [[nodiscard]] Real log_weight(const States& states) const {
    LogProbability p(topology_.units());
    for (int l = 0; l <= topology_.last(); ++l) {
      add(topology_.generative(l), generative_inputs(l, states), states[index(l)], p);
    }
    LogProbability q(topology_.hidden_units());
    for (int l = topology_.last() - 1; l >= 0; --l) {
      add(topology_.recognition(l), &states[index(l + 1)], states[index(l)], q);
    }
    return LogProbability::log_ratio(p, q);
  }

  /// Adds ln P(outputs | inputs).
  void add(const LayerView& layer, const Units* inputs, const Units& outputs,
           LogProbability& sum) const {
    for (int j = 0; j < layer.outputs; ++j) {
      sum.add(activity(layer, j, inputs), outputs[index(j)] != 0);
    }
  }

  void learn_generative(const std::vector<double>& rates, Real weight, const States& states) {
    for (int l = 0; l <= topology_.last(); ++l) {
      learn(topology_.generative(l), rates[index(l)], weight, generative_inputs(l, states),
            states[index(l)]);
    }
  }

  void learn_recognition(const std::vector<double>& rates, Real weight, const States& states) {
    for (int l = topology_.last() - 1; l >= 0; --l) {
      learn(topology_.recognition(l), rates[index(l)], weight, &states[index(l + 1)],
            states[index(l)]);
    }
  }

  /// The layer that feeds generative layer l; layer 0 has none.
  static const Units* generative_inputs(int l, const States& states) {
    return l == 0 ? nullptr : &states[index(l - 1)];
  }

  void sample(const LayerView& layer, const Units* inputs, Units& outputs) {
    for (int j = 0; j < layer.outputs; ++j) {
      outputs[index(j)] = draws_.unit(activity(layer, j, inputs)) ? 1 : 0;
    }
  }

  /// The delta rule: W += w * rate * (target - p) input^T, b += w * rate * (target - p), collected
  /// in deltas_; the gradient, without the rate, if an optimiser is to follow it. The exact class
  /// rounds the error's product with the rate, then that with w.
  void learn(const LayerView& layer, double rate, Real w, const Units* inputs,
             const Units& targets) {
    const Real step_rate =
        is_sgd_ ? static_cast<Real>(rate) * factor_ : static_cast<Real>(error_weight(ensemble_));
    for (int j = 0; j < layer.outputs; ++j) {
      const Real p = Draws::probability(activity(layer, j, inputs));
      const Real delta = w * (step_rate * (static_cast<Real>(targets[index(j)]) - p));
      for (int i = 0; i < layer.inputs; ++i) {
        if ((*inputs)[index(i)] != 0) deltas_[weight(layer, j, i)] += delta;
      }
      deltas_[layer.bias + index(j)] += delta;
    }
  }

  /// b_j + sum_i W_ji input_i: the bias first, then the inputs in order, in partial sums of 32.
  Real activity(const LayerView& layer, int j, const Units* inputs) const {
    Real total = 0;
    Real sum = parameters_[layer.bias + index(j)];
    for (int i = 0; i < layer.inputs; ++i) {
      if (i != 0 && i % kActivityChunk == 0) {
        total = i == kActivityChunk ? sum : total + sum;
        sum = 0;
      }
      if ((*inputs)[index(i)] != 0) sum += parameters_[weight(layer, j, i)];
    }
    return layer.inputs > kActivityChunk ? total + sum : sum;
  }

  /// What a network has learnt from a phase's rows counts from here on.
  void apply_generative(const std::vector<double>& rates) {
    for (int l = 0; l <= topology_.last(); ++l) {
      apply(topology_.generative(l), rates[index(l)], means_);
    }
  }
  void apply_recognition(const std::vector<double>& rates, Means<Real>& means) {
    for (int l = topology_.last() - 1; l >= 0; --l) {
      apply(topology_.recognition(l), rates[index(l)], means);
    }
  }
  void apply(const LayerView& layer, double rate, Means<Real>& means) {
    const Real step_rate = static_cast<Real>(rate) * factor_;
    for (std::size_t k = layer.weights; k < layer.bias + index(layer.outputs); ++k) {
      parameters_[k] += is_sgd_ ? deltas_[k] : step_rate * means.direction(k, deltas_[k]);
      deltas_[k] = 0;
    }
  }

  void clamp_visible_weights() {
    const auto& layer = topology_.generative(topology_.last());
    for (std::size_t k = layer.weights; k < layer.bias; ++k) {
      parameters_[k] = parameters_[k] < 0 ? Real{0} : parameters_[k];
    }
  }

  /// Floats of the means of all parameters, each in the phase in which its network learns anyway.
  [[nodiscard]] std::size_t first_means(std::size_t parameters) const {
    return index(hyperparameters_.optimizer.means()) * parameters;
  }

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static std::size_t weight(const LayerView& layer, int j, int i) {
    return layer.weights + index(j) * index(layer.inputs) + index(i);
  }

  const Ensemble& ensemble_;
  const Topology& topology_;
  const Hyperparameters& hyperparameters_;
  std::uint64_t seed_;
  Draws& draws_;
  std::span<Real> parameters_;
  std::vector<Real> deltas_;  ///< of a phase's rows so far, in the order of the parameters
  bool is_sgd_;
  Means<Real> means_;
  Means<Real> wake_means_;         ///< of the recognition network in the wake phase
  std::vector<States> particles_;  ///< [K]; dreams take the first
  std::vector<Real> weights_;      ///< [K]
  Real factor_ = 1;
};

}  // namespace helmholtz::reference
