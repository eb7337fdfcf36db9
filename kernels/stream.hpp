#pragma once

#include "cuda_status.hpp"

namespace helmholtz::cuda {

/// Owns a stream of the current device. Its work waits for copies that were made before, which use
/// the default stream, and they for it.
class Stream {
 public:
  Stream() { HELMHOLTZ_CUDA_CHECK(cudaStreamCreate(&stream_)); }
  ~Stream() { static_cast<void>(cudaStreamDestroy(stream_)); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  [[nodiscard]] cudaStream_t get() const noexcept { return stream_; }
  void wait() const { HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace helmholtz::cuda
