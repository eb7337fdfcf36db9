#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/evaluate/evaluation_task.hpp"
#include "kernels/fused/launch_plan.hpp"
#include "kernels/layered/layered_task.hpp"
#include "kernels/runtime/product.hpp"

/// The kernels' bodies, compiled for the host, one thread after the other: the very functions that
/// a device runs, on the very task that a device is given.
namespace helmholtz::testing {

/// The lanes of one machine, one after the other.
template <int n>
struct HostGroup {
  static constexpr int lanes() { return n; }
  static constexpr int slot(int lane) { return lane; }
  template <class Body>
  void for_each_lane(Body body) const {
    for (int lane = 0; lane < n; ++lane) body(lane);
  }
  template <class Body>
  [[nodiscard]] std::uint32_t ballot(Body body) const {
    std::uint32_t on = 0;
    for (int lane = 0; lane < n; ++lane) on |= (body(lane) ? 1U : 0U) << lane;
    return on;
  }
  void sync() const {}
};

/// cuda-fused: patterns that are found ahead; all variants but WarpRegisters.
void run_find_visits(const cuda::FusedTask& task);
void run_fused(const cuda::FusedTask& task, const cuda::LaunchPlan& plan);

void run_find_diverged(const cuda::EvaluationInput& input);
void run_exact(const cuda::ExactTask& task);
void run_samples(const cuda::SampleTask& task, const cuda::SamplePlan& plan);
void run_counted(const cuda::SampleTask& task);

/// cuda-layered; plain loops in place of cuBLAS.
void run_draw_patterns(const cuda::LayeredTask& task);
void run_sample(const cuda::LayeredTask& task, const cuda::LayeredLayer& layer);
void run_score(const cuda::LayeredTask& task, cuda::Network network);
void run_weigh(const cuda::LayeredTask& task);
void run_find_errors(const cuda::LayeredTask& task, cuda::Network network);
void run_follow(const cuda::LayeredTask& task, cuda::Network network);
void run_clamp(const cuda::LayeredTask& task);
void run_split_weights(const cuda::LayeredTask& task, cuda::Network network);
void run_advance(const cuda::LayeredTask& task);
void run_gather(const cuda::GatherTask& task);
void run_product(const cuda::Product& product, cuda::Math math);

}  // namespace helmholtz::testing
