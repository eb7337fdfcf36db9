#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/reference/draws.hpp"
#include "helmholtz/contract.hpp"
#include "helmholtz/ensemble.hpp"
#include "model/rates.hpp"

namespace helmholtz::reference {

/// The units of every layer, top first: s[l][i] is 0 or 1.
using States = std::vector<std::vector<std::uint8_t>>;

/// One Helmholtz machine trained by wake-sleep (Hinton, Dayan, Frey & Neal 1995), one unit at a
/// time.
///
/// `Draws` brings the randomness and the arithmetic: float32 to the bit of the exact class, or
/// double in NumPy's order of calls.
template <class Draws>
class ScalarMachine {
 public:
  using Real = typename Draws::Real;

  ScalarMachine(const Ensemble& ensemble, std::size_t m, Draws& draws, std::span<Real> parameters)
      : ensemble_(ensemble),
        topology_(ensemble.topology),
        hyperparameters_(ensemble.hyperparameters(m)),
        draws_(draws),
        parameters_(parameters),
        deltas_(parameters.size()) {
    for (const int size : topology_.layer_sizes()) {
      states_.emplace_back(static_cast<std::size_t>(size));
    }
  }

  /// Training step number `step`: a wake phase over the batch, then a sleep phase.
  void train_step(std::uint64_t step) {
    factor_ = static_cast<Real>(rate_factor(ensemble_, hyperparameters_.schedule, step));
    for (int row = 0; row < ensemble_.batch; ++row) {
      draws_.seek(step, static_cast<std::uint32_t>(row), 0);
      wake();
    }
    apply_deltas(0, topology_.generative_parameters());
    if (ensemble_.nonnegative) clamp_visible_weights();

    const auto first_sleep_slot = 1 + static_cast<std::uint64_t>(topology_.hidden_units());
    for (int row = 0; row < ensemble_.batch; ++row) {
      draws_.seek(step, static_cast<std::uint32_t>(row), first_sleep_slot);
      sleep();
    }
    apply_deltas(topology_.generative_parameters(), topology_.parameters());
  }

  /// A sample of one generative layer given the one above it; layer 0 needs none.
  void sample_generative(int l, States& states) {
    sample(topology_.generative(l), l == 0 ? nullptr : &states[index(l - 1)], states[index(l)]);
  }

 private:
  /// Recognises a pattern of the world; the generative network learns to reproduce each layer.
  void wake() {
    const auto k = draws_.pattern(ensemble_.world);
    auto& visible = states_.back();
    for (std::size_t i = 0; i < visible.size(); ++i) {
      visible[i] = ensemble_.world.bit(k, static_cast<int>(i)) ? 1 : 0;
    }
    for (int l = topology_.last() - 1; l >= 0; --l) {
      sample(topology_.recognition(l), &states_[index(l + 1)], states_[index(l)]);
    }
    for (int l = 0; l <= topology_.last(); ++l) {
      learn(topology_.generative(l), hyperparameters_.rates.generative[index(l)],
            l == 0 ? nullptr : &states_[index(l - 1)], states_[index(l)]);
    }
  }

  /// Dreams a pattern; the recognition network learns to recover each layer.
  void sleep() {
    for (int l = 0; l <= topology_.last(); ++l) sample_generative(l, states_);
    for (int l = topology_.last() - 1; l >= 0; --l) {
      learn(topology_.recognition(l), hyperparameters_.rates.recognition[index(l)],
            &states_[index(l + 1)], states_[index(l)]);
    }
  }

  void sample(const LayerView& layer, const std::vector<std::uint8_t>* inputs,
              std::vector<std::uint8_t>& outputs) {
    for (int j = 0; j < layer.outputs; ++j) {
      outputs[index(j)] = draws_.unit(activity(layer, j, inputs)) ? 1 : 0;
    }
  }

  /// The delta rule: W += rate * (target - p) input^T, b += rate * (target - p), collected in
  /// deltas_.
  void learn(const LayerView& layer, double rate, const std::vector<std::uint8_t>* inputs,
             const std::vector<std::uint8_t>& targets) {
    const Real step_rate = static_cast<Real>(rate) * factor_;
    for (int j = 0; j < layer.outputs; ++j) {
      const Real p = Draws::probability(activity(layer, j, inputs));
      const Real delta = step_rate * (static_cast<Real>(targets[index(j)]) - p);
      for (int i = 0; i < layer.inputs; ++i) {
        if ((*inputs)[index(i)] != 0) deltas_[weight(layer, j, i)] += delta;
      }
      deltas_[layer.bias + index(j)] += delta;
    }
  }

  /// b_j + sum_i W_ji input_i: the bias first, then the inputs in order, in partial sums of 32.
  Real activity(const LayerView& layer, int j, const std::vector<std::uint8_t>* inputs) const {
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

  void apply_deltas(std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      parameters_[k] += deltas_[k];
      deltas_[k] = 0;
    }
  }

  void clamp_visible_weights() {
    const auto& layer = topology_.generative(topology_.last());
    for (std::size_t k = layer.weights; k < layer.bias; ++k) {
      parameters_[k] = parameters_[k] < 0 ? Real{0} : parameters_[k];
    }
  }

  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static std::size_t weight(const LayerView& layer, int j, int i) {
    return layer.weights + index(j) * index(layer.inputs) + index(i);
  }

  const Ensemble& ensemble_;
  const Topology& topology_;
  const Hyperparameters& hyperparameters_;
  Draws& draws_;
  std::span<Real> parameters_;
  std::vector<Real> deltas_;  ///< of the batch's rows so far, in the order of the parameters
  States states_;
  Real factor_ = 1;
};

}  // namespace helmholtz::reference
