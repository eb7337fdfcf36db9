#include "kernels/runtime/cublas_library.hpp"

#include <dlfcn.h>

#include <array>
#include <string>
#include <type_traits>

#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

namespace {

constexpr std::array kNames = CUDART_VERSION >= 13'000
                                  ? std::array{"libcublasLt.so.13", "libcublasLt.so.12"}
                                  : std::array{"libcublasLt.so.12", "libcublasLt.so.13"};
constexpr const char* kUsualFolder = "/usr/local/cuda/lib64/";

/// The library, which nobody closes.
void* open() {
  std::string reasons;
  for (const auto* const name : kNames) {
    for (const auto& file : {std::string(name), std::string(kUsualFolder) + name}) {
      void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library != nullptr) return library;
      reasons += reasons.empty() ? dlerror() : std::string("; ") + dlerror();
    }
  }
  throw CudaError(HELMHOLTZ_NO_DEVICE, std::string("no cuBLAS: needed ") + kNames[0] + " or " +
                                           kNames[1] + ", found none: " + reasons);
}

CublasLibrary functions_of(void* library) {
  CublasLibrary functions;
  const auto require = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function != nullptr) return;
    throw CudaError(HELMHOLTZ_NO_DEVICE, std::string("cuBLAS of another kind: it has no ") + name);
  };
  require("cublasLtGetProperty", functions.get_property);
  require("cublasLtGetStatusString", functions.status_string);
  require("cublasLtCreate", functions.create);
  require("cublasLtDestroy", functions.destroy);
  require("cublasLtMatmul", functions.matmul);
  require("cublasLtMatmulDescCreate", functions.operation_create);
  require("cublasLtMatmulDescDestroy", functions.operation_destroy);
  require("cublasLtMatmulDescSetAttribute", functions.operation_set);
  require("cublasLtMatrixLayoutCreate", functions.layout_create);
  require("cublasLtMatrixLayoutDestroy", functions.layout_destroy);
  require("cublasLtMatrixLayoutSetAttribute", functions.layout_set);
  require("cublasLtMatmulPreferenceCreate", functions.preference_create);
  require("cublasLtMatmulPreferenceDestroy", functions.preference_destroy);
  require("cublasLtMatmulPreferenceSetAttribute", functions.preference_set);
  require("cublasLtMatmulAlgoGetHeuristic", functions.algorithms);
  require("cublasLtMatmulAlgoCheck", functions.algorithm_check);
  require("cublasLtMatmulAlgoConfigGetAttribute", functions.algorithm_get);
  return functions;
}

}  // namespace

const CublasLibrary& CublasLibrary::get() {
  static const CublasLibrary library = functions_of(open());
  return library;
}

}  // namespace helmholtz::cuda
