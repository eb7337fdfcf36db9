#pragma once

#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

/// Lets a kernel have as much shared memory at launch as a block of the current device can. The
/// attribute is the kernel's, for all threads of the host: everybody sets the same value.
template <class Kernel>
void allow_shared_memory(Kernel kernel) {
  int device = 0;
  int bytes = 0;
  HELMHOLTZ_CUDA_CHECK(cudaGetDevice(&device));
  HELMHOLTZ_CUDA_CHECK(
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  HELMHOLTZ_CUDA_CHECK(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
}

}  // namespace helmholtz::cuda
