#pragma once

#include <cublas_v2.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/layered/layered_step.hpp"
#include "kernels/runtime/device_memory.hpp"

namespace helmholtz::cuda {

/// cuBLAS, opened when it is first needed: what of it is used, and nothing is linked.
class CublasLibrary {
 public:
  /// Looks for libcublas.so.13 and .12, that of this plugin's toolkit first, where the loader
  /// looks, then in the toolkit's usual folder.
  /// @throws CudaError (HELMHOLTZ_NO_DEVICE) naming what was needed if there is none
  static std::shared_ptr<const CublasLibrary> load();

  /// 1000 * major + 10 * minor, as CUDA's versions.
  [[nodiscard]] int version() const;

  using Handle = cublasHandle_t;
  decltype(&cublasGetProperty) get_property = nullptr;
  decltype(&cublasGetStatusString) status_string = nullptr;
  decltype(&cublasCreate_v2) create = nullptr;
  decltype(&cublasDestroy_v2) destroy = nullptr;
  decltype(&cublasSetStream_v2) set_stream = nullptr;
  decltype(&cublasSetWorkspace_v2) set_workspace = nullptr;
  // These two are overloaded in C++.
  cublasStatus_t (*gemm)(Handle, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                         const void*, cudaDataType, int, const void*, cudaDataType, int,
                         const void*, void*, cudaDataType, int, cublasComputeType_t,
                         cublasGemmAlgo_t) = nullptr;
  cublasStatus_t (*gemm_strided_batched)(Handle, cublasOperation_t, cublasOperation_t, int, int,
                                         int, const void*, const void*, cudaDataType, int,
                                         long long, const void*, cudaDataType, int, long long,
                                         const void*, void*, cudaDataType, int, long long, int,
                                         cublasComputeType_t, cublasGemmAlgo_t) = nullptr;

 private:
  explicit CublasLibrary(Library library);

  Library library_;
};

/// Matrix products on the current device, in one stream, with a workspace of their own: what is
/// issued may be captured.
class Cublas {
 public:
  /// @param stream  outlives this
  explicit Cublas(cudaStream_t stream);
  ~Cublas();
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  void multiply(const Product& product, Math math) const;

 private:
  void check(cublasStatus_t status, const char* call) const;

  std::shared_ptr<const CublasLibrary> library_;
  DeviceArray<std::byte> workspace_;
  CublasLibrary::Handle handle_ = nullptr;
};

}  // namespace helmholtz::cuda
