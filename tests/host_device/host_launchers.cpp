// The launchers of the plugin's kernels, for a device that is the host.
#include <thrust/copy.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>

#include "host_device/host_runtime.hpp"
#include "kernels/evaluate/evaluation_kernels.hpp"
#include "kernels/fused/fused_kernels.hpp"
#include "kernels/host_kernels.hpp"
#include "kernels/layered/layered_kernels.hpp"
#include "kernels/runtime/across_machines.hpp"
#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/portable.hpp"

namespace helmholtz::cuda {

namespace host = helmholtz::testing;
using host::launch_on_host;

void launch_find_visits(const FusedTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_find_visits(task); });
}
void launch_fused(const FusedTask& task, const LaunchPlan& plan, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_fused(task, plan); });
}

void launch_find_diverged(const EvaluationInput& input, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_find_diverged(input); });
}
void launch_exact(const ExactTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_exact(task); });
}
void launch_samples(const SampleTask& task, const SamplePlan& plan, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_samples(task, plan); });
}
void launch_counted(const SampleTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_counted(task); });
}

void launch_draw_patterns(const LayeredTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_draw_patterns(task); });
}
void launch_sample(const LayeredTask& task, const LayeredLayer& layer, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_sample(task, layer); });
}
void launch_score(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_score(task, network); });
}
void launch_weigh(const LayeredTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_weigh(task); });
}
void launch_find_errors(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_find_errors(task, network); });
}
void launch_follow(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_follow(task, network); });
}
void launch_clamp(const LayeredTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_clamp(task); });
}
void launch_split_weights(const LayeredTask& task, Network network, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_split_weights(task, network); });
}
void launch_advance(const LayeredTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_advance(task); });
}
void launch_gather(const GatherTask& task, cudaStream_t stream) {
  launch_on_host(stream, [=] { host::run_gather(task); });
}

namespace {

#include "kernels/runtime/across_machines.inl"

}  // namespace

std::uint32_t select_unflagged(const std::uint8_t* flags, std::uint32_t machines,
                               std::uint32_t* numbers, cudaStream_t stream) {
  HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
  return select_unflagged(thrust::host, flags, machines, numbers);
}

std::size_t sort_unflagged(const std::uint8_t* flags, const double* values, std::uint32_t machines,
                           double* sorted, cudaStream_t stream) {
  HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream));
  return sort_unflagged(thrust::host, flags, values, machines, sorted);
}

}  // namespace helmholtz::cuda
