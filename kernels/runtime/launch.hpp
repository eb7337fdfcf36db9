#pragma once

#include <cstddef>

#include "kernels/runtime/device.hpp"

namespace helmholtz::cuda {

/// Lets a kernel have as much shared memory at launch as a block of the current device can. The
/// attribute is the kernel's, for all threads of the host: everybody sets the same value.
template <class Kernel>
void allow_shared_memory(Kernel kernel) {
  int device = 0;
  HELMHOLTZ_CUDA_CHECK(cudaGetDevice(&device));
  HELMHOLTZ_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                            static_cast<int>(limits_of(device).shared_per_block)));
}

/// Launches a kernel on the current device. @throws CudaError
template <class Kernel, class... Arguments>
void launch(Kernel kernel, dim3 grid, std::uint32_t block, std::size_t shared, cudaStream_t stream,
            const Arguments&... arguments) {
  if (shared > 0) allow_shared_memory(kernel);
  kernel<<<grid, block, shared, stream>>>(arguments...);
  HELMHOLTZ_CUDA_CHECK(cudaGetLastError());
}

}  // namespace helmholtz::cuda
