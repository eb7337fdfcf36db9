#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Reweighted wake-sleep (Bornschein & Bengio 2015) in double, written from the paper alone: the
/// oracle of whole runs. Shares nothing with the library but the order of parameters.
namespace helmholtz::testing {

/// What a run is told. Rates are the same for all layers of a network.
struct OracleRun {
  std::vector<int> layers;  ///< top first
  int batch = 1;
  int particles = 1;
  double generative = 0;
  double recognition = 0;
  double recognition_wake = 0;
  std::vector<std::vector<int>> patterns;  ///< of equal probability
};

/// `Draws`: row(step, b, k) begins particle k of batch row b, dream(step, b) the row's dream;
/// pattern(count), an index; fires(p), true with probability p.
template <class Draws>
class DoubleOracle {
 public:
  /// @param parameters  b_0; W_1, b_1; …; W_L, b_L; R_{L-1}, c_{L-1}; …; R_0, c_0
  DoubleOracle(OracleRun run, std::vector<double> parameters, Draws draws)
      : run_(std::move(run)), parameters_(std::move(parameters)), draws_(std::move(draws)) {
    for (int l = 0; l < layers(); ++l) append(size(l), l == 0 ? 0 : size(l - 1));
    for (int l = layers() - 2; l >= 0; --l) append(size(l), size(l + 1));
  }

  void train_step(std::uint64_t step) {
    auto after = parameters_;
    for (int b = 0; b < run_.batch; ++b) wake(step, b, after);
    parameters_ = after;
    for (int b = 0; b < run_.batch; ++b) {
      draws_.dream(step, b);
      std::vector<Units> s(run_.layers.size());
      for (int l = 0; l < layers(); ++l) s[at(l)] = sample(generative(l), above(l, s));
      for (int l = 0; l + 1 < layers(); ++l) {
        learn(recognition(l), run_.recognition, s[at(l + 1)], s[at(l)], after);
      }
    }
    parameters_ = after;
  }

  /// KL(world || model) in nats, by the sum over all hidden states.
  [[nodiscard]] double kl() const {
    double kl = 0;
    for (const auto& x : run_.patterns) {
      std::vector<Units> s(run_.layers.size());
      s.back() = x;
      const double world = 1.0 / static_cast<double>(run_.patterns.size());
      kl += world * std::log(world / sum_over_hidden(0, s));
    }
    return kl;
  }

  [[nodiscard]] const std::vector<double>& parameters() const { return parameters_; }
  [[nodiscard]] const Draws& draws() const { return draws_; }

 private:
  using Units = std::vector<int>;
  struct Layer {
    std::size_t weights;
    std::size_t bias;
    int outputs;
    int inputs;
  };

  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] int layers() const { return static_cast<int>(run_.layers.size()); }
  [[nodiscard]] int size(int l) const { return run_.layers[at(l)]; }
  [[nodiscard]] const Layer& generative(int l) const { return all_[at(l)]; }
  [[nodiscard]] const Layer& recognition(int l) const { return all_[at(2 * layers() - 2 - l)]; }
  [[nodiscard]] static Units above(int l, const std::vector<Units>& s) {
    return l == 0 ? Units() : s[at(l - 1)];
  }

  void append(int outputs, int inputs) {
    const auto weights = all_.empty() ? 0 : all_.back().bias + at(all_.back().outputs);
    all_.push_back({weights, weights + at(outputs * inputs), outputs, inputs});
  }

  [[nodiscard]] double probability(const Layer& layer, int j, const Units& inputs) const {
    double a = parameters_[layer.bias + at(j)];
    for (int i = 0; i < layer.inputs; ++i) {
      a += inputs[at(i)] * parameters_[layer.weights + at(j * layer.inputs + i)];
    }
    return 1 / (1 + std::exp(-a));
  }

  Units sample(const Layer& layer, const Units& inputs) {
    Units s;
    for (int j = 0; j < layer.outputs; ++j) {
      s.push_back(draws_.fires(probability(layer, j, inputs)) ? 1 : 0);
    }
    return s;
  }

  /// P(outputs | inputs)
  [[nodiscard]] double likelihood(const Layer& layer, const Units& inputs,
                                  const Units& outputs) const {
    double product = 1;
    for (int j = 0; j < layer.outputs; ++j) {
      const double p = probability(layer, j, inputs);
      product *= outputs[at(j)] == 1 ? p : 1 - p;
    }
    return product;
  }

  void wake(std::uint64_t step, int b, std::vector<double>& after) {
    std::vector<std::vector<Units>> particles(at(run_.particles));
    std::vector<double> weights;
    double sum = 0;
    for (int k = 0; k < run_.particles; ++k) {
      auto& s = particles[at(k)];
      s.resize(run_.layers.size());
      draws_.row(step, b, k);
      const auto& pattern = run_.patterns[draws_.pattern(run_.patterns.size())];
      s.back() = k == 0 ? pattern : particles[0].back();
      double weight = 1;
      for (int l = layers() - 2; l >= 0; --l) {
        s[at(l)] = sample(recognition(l), s[at(l + 1)]);
        weight /= likelihood(recognition(l), s[at(l + 1)], s[at(l)]);
      }
      for (int l = 0; l < layers(); ++l) weight *= likelihood(generative(l), above(l, s), s[at(l)]);
      weights.push_back(weight);
      sum += weight;
    }
    for (int k = 0; k < run_.particles; ++k) {
      const double weight = weights[at(k)] / sum;
      const auto& s = particles[at(k)];
      for (int l = 0; l < layers(); ++l) {
        learn(generative(l), weight * run_.generative, above(l, s), s[at(l)], after);
      }
      for (int l = 0; l + 1 < layers(); ++l) {
        learn(recognition(l), weight * run_.recognition_wake, s[at(l + 1)], s[at(l)], after);
      }
    }
  }

  void learn(const Layer& layer, double rate, const Units& inputs, const Units& targets,
             std::vector<double>& after) const {
    for (int j = 0; j < layer.outputs; ++j) {
      const double delta = rate * (targets[at(j)] - probability(layer, j, inputs));
      after[layer.bias + at(j)] += delta;
      for (int i = 0; i < layer.inputs; ++i) {
        after[layer.weights + at(j * layer.inputs + i)] += delta * inputs[at(i)];
      }
    }
  }

  /// P(visible) given the layers above l.
  double sum_over_hidden(int l, std::vector<Units>& s) const {
    if (l + 1 == layers()) return likelihood(generative(l), above(l, s), s[at(l)]);
    double sum = 0;
    for (unsigned h = 0; h < 1U << static_cast<unsigned>(size(l)); ++h) {
      s[at(l)].clear();
      for (unsigned j = 0; j < static_cast<unsigned>(size(l)); ++j) {
        s[at(l)].push_back(static_cast<int>((h >> j) & 1U));
      }
      sum += likelihood(generative(l), above(l, s), s[at(l)]) * sum_over_hidden(l + 1, s);
    }
    return sum;
  }

  OracleRun run_;
  std::vector<double> parameters_;
  Draws draws_;
  std::vector<Layer> all_;  ///< in the order of parameters
};

}  // namespace helmholtz::testing
