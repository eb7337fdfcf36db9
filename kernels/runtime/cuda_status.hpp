#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "kernels/plugin/plugin_abi.h"

namespace helmholtz::cuda {

/// A call of CUDA that failed. `code` is what the plugin's function returns.
class CudaError : public std::runtime_error {
 public:
  CudaError(cudaError_t status, const char* call, const char* file, int line);
  CudaError(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// Memory that a device did not have: whoever asked may ask for less.
class AllocationFailure : public CudaError {
 public:
  using CudaError::CudaError;
};

/// An evaluation that does not fit on the device: the host then evaluates, to the same bits.
class NotOnDevice : public CudaError {
 public:
  NotOnDevice() : CudaError(HELMHOLTZ_ON_HOST, "evaluation: does not fit on the device") {}
};

/// An evaluation that the host asked to stop.
class Stopped : public CudaError {
 public:
  Stopped() : CudaError(HELMHOLTZ_STOPPED, "evaluation: stopped") {}
};

/// @throws CudaError, AllocationFailure; clears the error that the runtime remembers
void check(cudaError_t status, const char* call, const char* file, int line);

#define HELMHOLTZ_CUDA_CHECK(call) ::helmholtz::cuda::check((call), #call, __FILE_NAME__, __LINE__)

}  // namespace helmholtz::cuda
