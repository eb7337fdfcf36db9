#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backends/cuda/ensemble_view.hpp"
#include "helmholtz/ensemble.hpp"
#include "kernels/fused/fused_task.hpp"
#include "kernels/fused/group_machine.hpp"
#include "kernels/fused/launch_plan.hpp"
#include "kernels/host_kernels.hpp"
#include "step/factor_table.hpp"

namespace helmholtz::testing {

/// Trains an ensemble by the bodies of the kernels on the host.
class HostDevice {
 public:
  explicit HostDevice(const Ensemble& ensemble)
      : ensemble_(ensemble),
        factors_(ensemble),
        view_(ensemble, factors_),
        task_(cuda::task_of(view_.get())),
        parameters_(ensemble.topology.parameters()),
        stride_(ensemble.size() + 3),
        memory_(parameters_ * stride_) {
    std::vector<float> machine(parameters_);
    for (std::size_t m = 0; m < ensemble.size(); ++m) {
      initial_parameters(ensemble, m, machine);
      for (std::size_t k = 0; k < parameters_; ++k) memory_[k * stride_ + m] = machine[k];
    }
    task_.parameters = memory_.data();
    task_.stride = stride_;
    task_.machines = static_cast<std::uint32_t>(ensemble.size());
  }

  [[nodiscard]] const cuda::FusedTask& task() const { return task_; }

  /// Steps [first, first + steps) with one variant of the kernels, in pieces of at most `piece`.
  /// @param block  threads of a block
  void train(cuda::Variant variant, std::uint64_t first, std::uint32_t steps,
             std::uint32_t block = 32, std::uint32_t piece = 4096) {
    factors_.fill(first, steps);
    task_.factor_stride = steps;
    for (std::uint32_t done = 0; done < steps; done += task_.steps) {
      task_.first_step = first + done;
      task_.steps = steps - done < piece ? steps - done : piece;
      task_.factors = factors_.factors().data() + done;
      launch(variant, block);
    }
  }

  /// The same with several lanes a machine.
  void train_in_groups(std::uint32_t lanes, std::uint64_t first, std::uint32_t steps) {
    set_steps(first, steps);
    run_fused(task_, {.variant = cuda::Variant::WarpShared, .lanes = lanes});
  }

  /// The same with the weights of a static shape in the lanes' registers.
  template <class Shape, int lanes>
  void train_in_lanes(std::uint64_t first, std::uint32_t steps) {
    set_steps(first, steps);
    std::vector<float> memory(cuda::group_stride(task_, lanes, false, task_.reweighted()));
    std::vector<float> registers(cuda::LaneWeights<Shape, HostGroup<lanes>>::kSize * lanes);
    for (std::uint32_t m = 0; m < task_.machines; ++m) {
      const HostGroup<lanes> group;
      task_.reweighted() ? cuda::train_in_lanes<Shape, true>(task_, {m, true}, memory.data(),
                                                             registers.data(), group)
                         : cuda::train_in_lanes<Shape, false>(task_, {m, true}, memory.data(),
                                                              registers.data(), group);
    }
  }

  /// [machines][parameters]
  [[nodiscard]] std::vector<float> parameters() const {
    std::vector<float> all;
    for (std::size_t m = 0; m < ensemble_.size(); ++m) {
      for (std::size_t k = 0; k < parameters_; ++k) all.push_back(memory_[k * stride_ + m]);
    }
    return all;
  }

 private:
  void set_steps(std::uint64_t first, std::uint32_t steps) {
    factors_.fill(first, steps);
    task_.factor_stride = steps;
    task_.first_step = first;
    task_.steps = steps;
    task_.factors = factors_.factors().data();
    find_visits();
  }

  void find_visits() {
    if (!task_.found_ahead()) return;
    visits_.resize(std::size_t{task_.steps} * task_.batch * task_.patterns.words_per_pattern *
                   stride_);
    task_.visits = visits_.data();
    run_find_visits(task_);
  }

  void launch(cuda::Variant variant, std::uint32_t block) {
    find_visits();
    std::vector<float> global(cuda::scratch_floats(task_) * stride_);
    task_.scratch = global.data();
    run_fused(task_, {.variant = variant, .block = block});
  }

  const Ensemble& ensemble_;
  step::FactorTable factors_;
  plugin::EnsembleView view_;
  cuda::FusedTask task_;
  std::size_t parameters_;
  std::size_t stride_;
  std::vector<float> memory_;
  std::vector<std::uint32_t> visits_;
};

}  // namespace helmholtz::testing
