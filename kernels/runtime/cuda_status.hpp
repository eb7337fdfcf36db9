#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

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

/// @throws CudaError, AllocationFailure; clears the error that the runtime remembers
void check(cudaError_t status, const char* call, const char* file, int line);

#define HELMHOLTZ_CUDA_CHECK(call) ::helmholtz::cuda::check((call), #call, __FILE_NAME__, __LINE__)

}  // namespace helmholtz::cuda
