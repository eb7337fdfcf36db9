#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "helmholtz/ensemble.hpp"
#include "kernels/host_kernels.hpp"
#include "kernels/layered/layered_machine.hpp"
#include "kernels/layered/layered_plan.hpp"
#include "kernels/layered/layered_step.hpp"
#include "step/factor_table.hpp"

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
    task_.capacity = machines;
    memory_.resize(task_.capacity * cuda::layered_kept(task_));
    scratch_.resize(task_.capacity * cuda::layered_scratch(task_));
    cuda::place_kept(task_, memory_.data());
    task_.clock = &clock_;
    cuda::place_scratch(task_, scratch_.data());
    std::vector<float> machine(ensemble.topology.parameters());
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      initial_parameters(ensemble, m, machine);
      write(m, machine);
    }
  }
  LayeredHost(const LayeredHost&) = delete;
  LayeredHost& operator=(const LayeredHost&) = delete;

  void train(std::uint64_t first, std::uint32_t steps) {
    factors_.fill(first, steps);
    task_.factors = factors_.factors().data();
    task_.corrections = factors_.corrections().data();
    clock_ = {.first_block = first * static_cast<std::uint64_t>(task_.shape.blocks_per_step()),
              .step = 0,
              .factor_stride = steps};
    cuda::issue_start(task_, *this);
    for (std::uint32_t s = 0; s < steps; ++s) cuda::issue_step(task_, *this);
  }

  void write(std::size_t m, const std::vector<float>& parameters) {
    cuda::pack(task_.shape, parameters.data(), memory_.data() + m * task_.shape.floats());
  }
  /// Machine m's optimiser state.
  void write_state(std::size_t m, const std::vector<float>& state) {
    cuda::pack_state(task_, state.data(), task_.state + m * task_.state_floats());
  }
  [[nodiscard]] std::vector<float> state(std::size_t m) const {
    std::vector<float> state(optimizer_state_floats(ensemble_, m));
    cuda::unpack_state(task_, task_.state + m * task_.state_floats(), state.data());
    return state;
  }

  [[nodiscard]] const cuda::LayeredTask& task() const { return task_; }
  [[nodiscard]] int products() const { return products_; }
  [[nodiscard]] int kernels() const { return kernels_; }
  /// Launches one after the other: products that do not depend on each other are one.
  [[nodiscard]] int depth() const { return product_groups_ + kernels_; }

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
    const auto row = cuda::unit_at(task_, m, l, j);
    const auto c = static_cast<std::uint32_t>(b);
    return split() ? cuda::Bf16Memory::unit(task_, row, c) : cuda::FloatMemory::unit(task_, row, c);
  }

  void begin(const cuda::LayeredTask& task) override { phase_ = task; }
  void draw_patterns() override { kernel(run_draw_patterns); }
  void sample(const cuda::LayeredLayer& layer) override { kernel(run_sample, layer); }
  void score(cuda::Network network) override { kernel(run_score, network); }
  void weigh() override { kernel(run_weigh); }
  void find_errors(cuda::Network network) override { kernel(run_find_errors, network); }
  void follow(cuda::Network network) override { kernel(run_follow, network); }
  void clamp() override { kernel(run_clamp); }
  void split_weights(cuda::Network network) override { kernel(run_split_weights, network); }
  void advance() override { kernel(run_advance); }
  void multiply(std::span<const cuda::Product> products) override {
    products_ += static_cast<int>(products.size());
    ++product_groups_;
    for (const auto& product : products) run_product(product, task_.math);
  }

 private:
  [[nodiscard]] bool split() const { return task_.math == cuda::Math::bf16x3; }

  template <class Run, class... Arguments>
  void kernel(Run run, const Arguments&... arguments) {
    ++kernels_;
    run(phase_, arguments...);
  }

  const Ensemble& ensemble_;
  step::FactorTable factors_;
  plugin::EnsembleView view_;
  cuda::LayeredTask task_;
  cuda::LayeredTask phase_;
  cuda::StepClock clock_;
  std::vector<float> memory_;
  std::vector<float> scratch_;
  int products_ = 0;
  int product_groups_ = 0;
  int kernels_ = 0;
};

}  // namespace helmholtz::testing
