// gemm/openblas/LAYERS/batch:B/threads:1 — the matrix products of training steps, and nothing else:
// what a layer at a time could reach at best. gemm/openblas/LAYERS/particles:K — those of
// log-likelihoods.
#include <cmath>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <cblas.h>
#include <fmt/format.h>

#include "cases.hpp"

namespace helmholtz::bench {

namespace {

/// Rows of 0/1 states of one layer, row-major [batch x units].
struct States {
  States(int batch, int size)
      : units(size), rows(static_cast<std::size_t>(batch) * static_cast<std::size_t>(size)) {
    for (std::size_t k = 0; k < rows.size(); ++k) rows[k] = k * 2654435761U % 7 < 3 ? 1.0F : 0.0F;
  }
  int units;
  std::vector<float> rows;
};

/// activities [batch x outputs] = inputs [batch x inputs] * W^T, W row-major [outputs x inputs]
void activities(int batch, const States& inputs, const float* weights, States& outputs) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, batch, outputs.units, inputs.units, 1.0F,
              inputs.rows.data(), inputs.units, weights, inputs.units, 0.0F, outputs.rows.data(),
              outputs.units);
}

/// The first activity of a product, against double.
void verify_activity(const std::string& name, const States& inputs, const float* weights,
                     const States& outputs) {
  double expected = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(inputs.units); ++i) {
    expected += static_cast<double>(inputs.rows[i]) * static_cast<double>(weights[i]);
  }
  const auto got = static_cast<double>(outputs.rows[0]);
  if (std::abs(got - expected) <= 1e-5) return;
  abort_run(name, fmt::format("activity {} instead of {}", got, expected));
}

/// W [outputs x inputs] += rate * deltas^T * inputs
void update(int batch, const States& deltas, const States& inputs, float* weights) {
  constexpr float kRate = 1e-6F;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, deltas.units, inputs.units, batch, kRate,
              deltas.rows.data(), deltas.units, inputs.rows.data(), inputs.units, 1.0F, weights,
              inputs.units);
}

/// The states of one step; results go elsewhere, so that the operands stay 0/1.
class Products {
 public:
  explicit Products(const Case& c) : case_(c), weights_(c.machines * c.topology.parameters()) {
    for (const int units : c.topology.layer_sizes()) {
      states_.emplace_back(c.batch, units);
      results_.emplace_back(c.batch, units);
    }
    for (std::size_t k = 0; k < weights_.size(); ++k) {
      weights_[k] = static_cast<float>(k * 2654435761U % 201) * 1e-3F - 0.1F;
    }
  }

  /// A training step of every machine: six products for each pair of neighbouring layers.
  void step() {
    for (std::size_t m = 0; m < case_.machines; ++m) {
      auto* const machine = weights_.data() + m * case_.topology.parameters();
      wake(machine);
      sleep(machine);
    }
  }

  void verify(const std::string& name) {
    const auto* const weights = weights_.data() + case_.topology.generative(1).weights;
    activities(case_.batch, states_[0], weights, results_[1]);
    verify_activity(name, states_[0], weights, results_[1]);
  }

 private:
  void wake(float* machine) {
    const auto& topology = case_.topology;
    for (int l = topology.last() - 1; l >= 0; --l) recognise(l, machine);
    for (int l = 1; l <= topology.last(); ++l) {
      generate(l, machine);
      update(case_.batch, states(l), states(l - 1), machine + topology.generative(l).weights);
    }
  }

  void sleep(float* machine) {
    const auto& topology = case_.topology;
    for (int l = 1; l <= topology.last(); ++l) generate(l, machine);
    for (int l = topology.last() - 1; l >= 0; --l) {
      recognise(l, machine);
      update(case_.batch, states(l), states(l + 1), machine + topology.recognition(l).weights);
    }
  }

  void recognise(int l, const float* machine) {
    const auto* const weights = machine + case_.topology.recognition(l).weights;
    activities(case_.batch, states(l + 1), weights, results_[static_cast<std::size_t>(l)]);
  }

  void generate(int l, const float* machine) {
    const auto* const weights = machine + case_.topology.generative(l).weights;
    activities(case_.batch, states(l - 1), weights, results_[static_cast<std::size_t>(l)]);
  }

  [[nodiscard]] const States& states(int l) const { return states_[static_cast<std::size_t>(l)]; }

  Case case_;
  std::vector<float> weights_;
  std::vector<States> states_;
  std::vector<States> results_;
};

/// Multiply-adds of one step of one machine: three products with every weight matrix.
double multiply_adds(const Case& c) {
  double weights = 0;
  for (int l = 1; l <= c.topology.last(); ++l) {
    weights += 2.0 * c.topology.size(l) * c.topology.size(l - 1);
  }
  return 3 * weights * c.batch;
}

/// What log-likelihoods multiply, in tiles of as many particles as the library's: the lowest
/// recognition layer once per row of a tile, all others once per particle.
class LikelihoodProducts {
 public:
  explicit LikelihoodProducts(const LikelihoodCase& c)
      : topology_(Topology::parse(c.layers)),
        rows_(static_cast<int>(std::max<std::size_t>(kTile / c.particles, 1))),
        columns_(rows_ * static_cast<int>(std::min(c.particles, kTile))),
        tiles_(c.rows() * c.particles / static_cast<std::size_t>(columns_)),
        weights_(topology_.parameters(), 0.01F) {
    for (const int units : topology_.layer_sizes()) {
      states_.emplace_back(columns_, units);
      results_.emplace_back(columns_, units);
    }
  }

  void run() {
    const int last = topology_.last();
    for (std::size_t t = 0; t < tiles_; ++t) {
      for (int l = last - 1; l >= 0; --l) {
        multiply(l + 1 == last ? rows_ : columns_, l + 1, topology_.recognition(l), l);
      }
      for (int l = 1; l <= last; ++l) multiply(columns_, l - 1, topology_.generative(l), l);
    }
  }

  void verify(const std::string& name) {
    run();
    verify_activity(name, states_[0], &weights_[topology_.generative(1).weights], results_[1]);
  }

 private:
  static constexpr std::size_t kTile = 240;

  void multiply(int columns, int from, const LayerView& layer, int to) {
    activities(columns, states_[static_cast<std::size_t>(from)], &weights_[layer.weights],
               results_[static_cast<std::size_t>(to)]);
  }

  Topology topology_;
  int rows_;
  int columns_;
  std::size_t tiles_;
  std::vector<float> weights_;
  std::vector<States> states_;
  std::vector<States> results_;
};

void run_likelihood(benchmark::State& state, const std::string& name, const LikelihoodCase& c) {
  openblas_set_num_threads(1);
  LikelihoodProducts products(c);
  products.verify(name);
  for (auto _ : state) products.run();
  using Counter = benchmark::Counter;
  state.counters["particles_per_second"] =
      Counter(static_cast<double>(c.rows() * c.particles), Counter::kIsIterationInvariantRate);
}

void run(benchmark::State& state, const std::string& name, const Case& c) {
  openblas_set_num_threads(1);
  Products products(c);
  products.verify(name);
  for (auto _ : state) products.step();
  using Counter = benchmark::Counter;
  const auto machines = static_cast<double>(c.machines);
  state.counters["machine_steps_per_second"] =
      Counter(machines, Counter::kIsIterationInvariantRate);
  state.counters["flops"] =
      Counter(2 * machines * multiply_adds(c), Counter::kIsIterationInvariantRate);
}

}  // namespace

void register_gemm() {
  for (const auto& c : training_cases()) {
    const auto name =
        fmt::format("gemm/openblas/{}/batch:{}/threads:1", c.topology.to_string(), c.batch);
    benchmark::RegisterBenchmark(name.c_str(),
                                 [name, c](benchmark::State& state) { run(state, name, c); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
  for (const auto& c : likelihood_cases()) {
    const auto name = "gemm/openblas/" + c.name();
    benchmark::RegisterBenchmark(
        name.c_str(), [name, c](benchmark::State& state) { run_likelihood(state, name, c); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace helmholtz::bench
