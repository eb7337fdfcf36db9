#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/owner.hpp"

namespace helmholtz::cuda {

/// Owns a stream of the current device. It waits for no other stream, not for the default one
/// either: trainers of several threads share a device without waiting for each other. Its work is
/// over when it goes.
class Stream {
 public:
  Stream() { HELMHOLTZ_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() {
    finish();
    static_cast<void>(cudaStreamDestroy(stream_));
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  [[nodiscard]] cudaStream_t get() const noexcept { return stream_; }
  /// The host waits for all work that the stream was given.
  void wait() const { HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream_)); }
  /// The same for destructors, before what the work uses is freed.
  void finish() const noexcept { static_cast<void>(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Owns an event of the current device: a point in a stream's work.
class CudaEvent {
 public:
  CudaEvent() { HELMHOLTZ_CUDA_CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~CudaEvent() { static_cast<void>(cudaEventDestroy(event_)); }
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;
  /// The end of what the stream was given so far.
  void record(const Stream& stream) { HELMHOLTZ_CUDA_CHECK(cudaEventRecord(event_, stream.get())); }
  /// The host waits for it.
  void wait() const { HELMHOLTZ_CUDA_CHECK(cudaEventSynchronize(event_)); }
  /// The stream waits for it, the host does not.
  void hold(const Stream& stream) const {
    HELMHOLTZ_CUDA_CHECK(cudaStreamWaitEvent(stream.get(), event_, 0));
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Streams beside another one, for work that does not depend on each other's.
class Branches {
 public:
  /// @param most  pieces of work that there will be side by side
  explicit Branches(std::size_t most) : others_(most > 0 ? most - 1 : 0) {}

  /// body(i, stream) for i < count gives a stream the i-th piece: all of them after what `stream`
  /// was given so far, and what it is given next after all of them.
  template <class Body>
  void side_by_side(const Stream& stream, std::size_t count, Body body) {
    if (count > 1) begin_.record(stream);
    for (std::size_t i = 1; i < count; ++i) {
      auto& other = others_[i - 1];
      begin_.hold(other.stream);
      body(i, other.stream.get());
      other.end.record(other.stream);
    }
    if (count > 0) body(0, stream.get());
    for (std::size_t i = 1; i < count; ++i) others_[i - 1].end.hold(stream);
  }

 private:
  struct Branch {
    Stream stream;
    CudaEvent end;
  };
  CudaEvent begin_;
  std::vector<Branch> others_;
};

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
      if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
      static_cast<void>(cudaGetLastError());  // of a capture that could not end, for instance
      throw;
    }
    HELMHOLTZ_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
    cudaGraphExec_t executable = nullptr;
    const auto status = cudaGraphInstantiate(&executable, graph, 0);
    static_cast<void>(cudaGraphDestroy(graph));
    HELMHOLTZ_CUDA_CHECK(status);
    executable_.reset(executable);
  }

  [[nodiscard]] bool is_captured() const noexcept { return executable_ != nullptr; }
  void launch(cudaStream_t stream) const {
    HELMHOLTZ_CUDA_CHECK(cudaGraphLaunch(executable_.get(), stream));
  }

 private:
  std::unique_ptr<CUgraphExec_st, Destroy<cudaGraphExecDestroy>> executable_;
};

}  // namespace helmholtz::cuda
