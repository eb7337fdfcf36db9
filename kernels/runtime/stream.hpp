#pragma once

#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

/// Owns a stream of the current device. It waits for no other stream, not for the default one
/// either: trainers of several threads share a device without waiting for each other.
class Stream {
 public:
  Stream() { HELMHOLTZ_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  [[nodiscard]] cudaStream_t get() const noexcept { return stream_; }
  /// The host waits for all work that the stream was given.
  void wait() const { HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

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

}  // namespace helmholtz::cuda
