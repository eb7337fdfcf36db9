#include "kernels/runtime/across_machines.hpp"

#include <thrust/copy.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/sort.h>

#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/portable.hpp"

namespace helmholtz::cuda {

namespace {

#include "kernels/runtime/across_machines.inl"

/// Thrust's temporary memory, in the order of a stream where the device can: to free it stops
/// nobody then.
class StreamMemory {
 public:
  using value_type = char;

  explicit StreamMemory(cudaStream_t stream) : stream_(stream) {
    int device = 0;
    HELMHOLTZ_CUDA_CHECK(cudaGetDevice(&device));
    HELMHOLTZ_CUDA_CHECK(
        cudaDeviceGetAttribute(&ordered_, cudaDevAttrMemoryPoolsSupported, device));
  }
  char* allocate(std::ptrdiff_t size) {
    const auto bytes = static_cast<std::size_t>(size);
    void* memory = nullptr;
    HELMHOLTZ_CUDA_CHECK(ordered_ != 0 ? cudaMallocAsync(&memory, bytes, stream_)
                                       : cudaMalloc(&memory, bytes));
    return static_cast<char*>(memory);
  }
  void deallocate(char* memory, std::size_t /*bytes*/) noexcept {
    static_cast<void>(ordered_ != 0 ? cudaFreeAsync(memory, stream_) : cudaFree(memory));
  }

 private:
  cudaStream_t stream_;
  int ordered_ = 0;
};

}  // namespace

std::uint32_t select_unflagged(const std::uint8_t* flags, std::uint32_t machines,
                               std::uint32_t* numbers, cudaStream_t stream) {
  StreamMemory memory(stream);
  return select_unflagged(thrust::cuda::par(memory).on(stream), flags, machines, numbers);
}

std::size_t sort_unflagged(const std::uint8_t* flags, const double* values, std::uint32_t machines,
                           double* sorted, cudaStream_t stream) {
  StreamMemory memory(stream);
  return sort_unflagged(thrust::cuda::par(memory).on(stream), flags, values, machines, sorted);
}

}  // namespace helmholtz::cuda
