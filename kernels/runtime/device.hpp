#pragma once

#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/device_limits.hpp"

namespace helmholtz::cuda {

/// Makes `device` current; returns it for initialiser lists.
inline int use(int device) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

/// What plans have to know of a device.
inline DeviceLimits limits_of(int device) {
  int multiprocessors = 0;
  int shared = 0;
  HELMHOLTZ_CUDA_CHECK(
      cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
  HELMHOLTZ_CUDA_CHECK(
      cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  return {.multiprocessors = static_cast<std::uint32_t>(multiprocessors),
          .shared_per_block = static_cast<std::size_t>(shared)};
}

}  // namespace helmholtz::cuda
