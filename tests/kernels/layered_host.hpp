#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "backends/fused/factor_table.hpp"
#include "helmholtz/ensemble.hpp"
#include "layered_machine.hpp"
#include "layered_plan.hpp"
#include "layered_step.hpp"

namespace helmholtz::testing {

/// cuda-layered on the host: the same calls in the same order, the bodies of its kernels one thread
/// after the other, and plain loops in place of cuBLAS.
class LayeredHost final : public cuda::LayeredQueue {
 public:
  LayeredHost(const Ensemble& ensemble, cuda::Math math)
      : ensemble_(ensemble),
        factors_(ensemble),
        view_(ensemble, factors_),
        task_(cuda::layered_task_of(view_.get(), math)) {
    const auto machines = static_cast<std::uint32_t>(ensemble.size());
    task_.machines = machines;
    task_.capacity = (machines + task_.group - 1) / task_.group * task_.group;
    memory_.resize(task_.capacity * task_.shape.floats());
    scratch_.resize(task_.capacity * cuda::layered_scratch(task_.shape, math));
    task_.parameters = memory_.data();
    task_.clock = &clock_;
    cuda::place_scratch(task_, scratch_.data());
    std::vector<float> machine(ensemble.topology.parameters());
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      initial_parameters(ensemble, m, machine);
      cuda::pack(task_.shape, machine.data(), memory_.data() + m * task_.shape.floats());
    }
  }
  LayeredHost(const LayeredHost&) = delete;
  LayeredHost& operator=(const LayeredHost&) = delete;

  void train(std::uint64_t first, std::uint32_t steps) {
    factors_.fill(first, steps);
    task_.factors = factors_.factors().data();
    clock_ = {.first_block = first * static_cast<std::uint64_t>(task_.shape.blocks_per_step()),
              .step = 0,
              .factor_stride = steps};
    cuda::issue_start(task_, *this);
    for (std::uint32_t s = 0; s < steps; ++s) cuda::issue_step(task_, *this);
  }

  [[nodiscard]] const cuda::LayeredTask& task() const { return task_; }
  [[nodiscard]] int products() const { return products_; }
  [[nodiscard]] int kernels() const { return kernels_; }

  [[nodiscard]] std::vector<float> parameters(std::size_t m) const {
    std::vector<float> machine(ensemble_.topology.parameters());
    cuda::unpack(task_.shape, memory_.data() + m * task_.shape.floats(), machine.data());
    return machine;
  }
  /// [machines][parameters]
  [[nodiscard]] std::vector<float> parameters() const {
    std::vector<float> all;
    for (std::size_t m = 0; m < ensemble_.size(); ++m) {
      const auto machine = parameters(m);
      all.insert(all.end(), machine.begin(), machine.end());
    }
    return all;
  }
  /// The unit's state now.
  [[nodiscard]] float unit(std::uint32_t m, int l, int j, int b) const {
    const auto at = cuda::unit_at(task_, m, l, j) + static_cast<std::size_t>(b);
    return split() ? cuda::from_bf16(task_.units16[at]) : task_.units[at];
  }

  void draw_patterns() override {
    const auto items = task_.patterns.words_per_pattern * ensemble_.batch;
    for_each(static_cast<std::uint32_t>(items), [&](std::uint32_t m, std::uint32_t item) {
      split() ? cuda::draw_pattern<cuda::Bf16Memory>(task_, m, item)
              : cuda::draw_pattern<cuda::FloatMemory>(task_, m, item);
    });
  }

  void sample(const cuda::LayeredLayer& layer) override {
    const auto items = cuda::blocks_of(layer) * static_cast<std::uint32_t>(ensemble_.batch);
    for_each(items, [&](std::uint32_t m, std::uint32_t item) {
      split() ? cuda::sample<cuda::Bf16Memory>(task_, layer, m, item)
              : cuda::sample<cuda::FloatMemory>(task_, layer, m, item);
    });
  }

  void find_errors(cuda::Network network) override {
    const auto units = static_cast<std::uint32_t>(task_.shape.units(network));
    for_each(units, [&](std::uint32_t m, std::uint32_t unit) {
      const int u = static_cast<int>(unit);
      std::vector<float> sums;
      for (std::uint32_t lane = 0; lane < task_.lanes; ++lane) {
        sums.push_back(split() ? cuda::find_errors<cuda::Bf16Memory>(task_, network, m, u, lane)
                               : cuda::find_errors<cuda::FloatMemory>(task_, network, m, u, lane));
      }
      for (auto half = sums.size() / 2; half > 0; half /= 2) {
        for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
      }
      cuda::learn_bias(task_, network, m, u, sums[0]);
    });
  }

  void multiply(const cuda::Product& product) override {
    ++products_;
    for (std::int64_t m = 0; m < product.count; ++m) {
      if (split()) {
        multiply(product, m, static_cast<const std::uint16_t*>(product.a),
                 static_cast<const std::uint16_t*>(product.b), cuda::from_bf16);
      } else {
        multiply(product, m, static_cast<const float*>(product.a),
                 static_cast<const float*>(product.b), [](float x) { return x; });
      }
    }
  }

  void clamp() override {
    const auto& visible = task_.shape.visible();
    for_each(static_cast<std::uint32_t>(visible.outputs * visible.stride),
             [&](std::uint32_t m, std::uint32_t k) { cuda::clamp_weight(task_, m, k); });
  }

  void split_weights(cuda::Network network) override {
    const auto items = task_.shape.end(network) - task_.shape.begin(network);
    for_each(static_cast<std::uint32_t>(items),
             [&](std::uint32_t m, std::uint32_t k) { cuda::split_weight(task_, network, m, k); });
  }

  void advance() override {
    ++kernels_;
    cuda::advance(task_);
  }

 private:
  [[nodiscard]] bool split() const { return task_.math == cuda::Math::bf16x3; }

  template <class Body>
  void for_each(std::uint32_t items, Body body) {
    ++kernels_;
    for (std::uint32_t m = 0; m < task_.machines; ++m) {
      for (std::uint32_t item = 0; item < items; ++item) body(m, item);
    }
  }

  template <class T, class Load>
  static void multiply(const cuda::Product& product, std::int64_t m, const T* a, const T* b,
                       Load load) {
    a += m * product.a_machine;
    b += m * product.b_machine;
    float* const c = product.c + m * product.c_machine;
    for (int column = 0; column < product.columns; ++column) {
      for (int row = 0; row < product.rows; ++row) {
        float sum = 0;
        for (int i = 0; i < product.inner; ++i) {
          const auto a_at = product.transpose_a ? std::int64_t{row} * product.a_stride + i
                                                : std::int64_t{i} * product.a_stride + row;
          sum += load(a[a_at]) * load(b[std::int64_t{column} * product.b_stride + i]);
        }
        float& out = c[std::int64_t{column} * product.c_stride + row];
        out = product.beta == 0 ? sum : sum + out;
      }
    }
  }

  const Ensemble& ensemble_;
  fused::FactorTable factors_;
  plugin::EnsembleView view_;
  cuda::LayeredTask task_;
  cuda::StepClock clock_;
  std::vector<float> memory_;
  std::vector<float> scratch_;
  int products_ = 0;
  int kernels_ = 0;
};

}  // namespace helmholtz::testing
