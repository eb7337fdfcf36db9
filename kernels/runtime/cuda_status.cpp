#include "kernels/runtime/cuda_status.hpp"

#include <algorithm>
#include <array>

namespace helmholtz::cuda {

namespace {

/// No device, none left, or none that this plugin can talk to; anything else failed half-way.
int code_of(cudaError_t status) {
  if (status == cudaErrorMemoryAllocation) return HELMHOLTZ_NO_MEMORY;
  constexpr std::array kNoDevice = {
      cudaErrorInsufficientDriver,     cudaErrorNoDevice,
      cudaErrorInvalidDevice,          cudaErrorDevicesUnavailable,
      cudaErrorInitializationError,    cudaErrorSystemNotReady,
      cudaErrorSystemDriverMismatch,   cudaErrorCompatNotSupportedOnDevice,
      cudaErrorNoKernelImageForDevice, cudaErrorUnsupportedPtxVersion,
      cudaErrorDeviceNotLicensed};
  const bool none = std::find(kNoDevice.begin(), kNoDevice.end(), status) != kNoDevice.end();
  return none ? HELMHOLTZ_NO_DEVICE : HELMHOLTZ_FAILED;
}

std::string text_of(cudaError_t status, const char* call, const char* file, int line) {
  return std::string("CUDA: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
         ", " + file + ":" + std::to_string(line) + ", " + call + ")";
}

}  // namespace

CudaError::CudaError(cudaError_t status, const char* call, const char* file, int line)
    : CudaError(code_of(status), text_of(status, call, file, line)) {}

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorMemoryAllocation) throw AllocationFailure(status, call, file, line);
  throw CudaError(status, call, file, line);
}

}  // namespace helmholtz::cuda
