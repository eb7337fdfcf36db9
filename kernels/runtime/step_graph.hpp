#pragma once

#include <mutex>
#include <utility>

#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

/// Held while a stream captures, and by calls that wait for a whole device, which a capture
/// forbids.
inline std::mutex& capture_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// What a stream was given once, to be given again by a single call.
class StepGraph {
 public:
  StepGraph() = default;
  /// @param issue  enqueues into the stream, and waits for nothing
  template <class Issue>
  StepGraph(cudaStream_t stream, Issue issue) {
    const std::scoped_lock lock(capture_mutex());
    HELMHOLTZ_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t graph = nullptr;
    try {
      issue();
    } catch (...) {
      static_cast<void>(cudaStreamEndCapture(stream, &graph));
      static_cast<void>(cudaGraphDestroy(graph));
      throw;
    }
    HELMHOLTZ_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
    const auto status = cudaGraphInstantiate(&executable_, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    HELMHOLTZ_CUDA_CHECK(status);
  }
  ~StepGraph() {
    if (executable_ != nullptr) static_cast<void>(cudaGraphExecDestroy(executable_));
  }
  StepGraph(StepGraph&& other) noexcept : executable_(std::exchange(other.executable_, nullptr)) {}
  StepGraph& operator=(StepGraph&& other) noexcept {
    std::swap(executable_, other.executable_);
    return *this;
  }

  [[nodiscard]] bool is_captured() const noexcept { return executable_ != nullptr; }
  void launch(cudaStream_t stream) const {
    HELMHOLTZ_CUDA_CHECK(cudaGraphLaunch(executable_, stream));
  }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace helmholtz::cuda
