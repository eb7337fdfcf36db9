#pragma once

#include <cublasLt.h>

namespace helmholtz::cuda {

/// What is used of cuBLAS: functions of its library for matrix products, which is opened when it is
/// first needed. Nothing is linked.
struct CublasLibrary {
  /// Opens it at the first call, and never closes it: opening takes a large part of a second.
  /// Looks for libcublasLt.so.13 and .12, that of this plugin's toolkit first, where the loader
  /// looks, then in the toolkit's usual folder.
  /// @throws CudaError (HELMHOLTZ_NO_DEVICE) naming what was needed if there is none
  static const CublasLibrary& get();

  /// 1000 * major + 10 * minor, as CUDA's versions.
  [[nodiscard]] int version() const;

  /// @throws CudaError if `call` has failed
  void check(cublasStatus_t status, const char* call) const;

  decltype(&cublasLtGetProperty) get_property = nullptr;
  decltype(&cublasLtGetStatusString) status_string = nullptr;
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulDescCreate) operation_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) operation_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) operation_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatrixLayoutSetAttribute) layout_set = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) algorithms = nullptr;
  decltype(&cublasLtMatmulAlgoCheck) algorithm_check = nullptr;
  decltype(&cublasLtMatmulAlgoConfigGetAttribute) algorithm_get = nullptr;
};

}  // namespace helmholtz::cuda
