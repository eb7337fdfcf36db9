#include "kernels/runtime/cublas.hpp"

#include <array>
#include <mutex>
#include <string>
#include <utility>

#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {

namespace {

// What NVIDIA recommends for the newest devices; cuBLAS takes less where it has no use for it.
constexpr std::size_t kWorkspace = std::size_t{32} << 20U;

constexpr std::array kNames = CUDART_VERSION >= 13'000
                                  ? std::array{"libcublas.so.13", "libcublas.so.12"}
                                  : std::array{"libcublas.so.12", "libcublas.so.13"};
constexpr const char* kUsualFolder = "/usr/local/cuda/lib64/";

struct Types {
  cudaDataType inputs;
  cublasComputeType_t sums;
};

/// fp32 is pedantic, so that no setting of cuBLAS's environment turns it into something else.
Types types_of(Math math) {
  switch (math) {
    case Math::fp32:
      return {CUDA_R_32F, CUBLAS_COMPUTE_32F_PEDANTIC};
    case Math::tf32:
      return {CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32};
    case Math::bf16x3:
      return {CUDA_R_16BF, CUBLAS_COMPUTE_32F};
  }
  return {};
}

}  // namespace

std::shared_ptr<const CublasLibrary> CublasLibrary::load() {
  std::string reasons;
  for (const auto* const name : kNames) {
    for (const auto& file : {std::string(name), std::string(kUsualFolder) + name}) {
      if (auto library = open_library(file.c_str())) {
        return std::shared_ptr<const CublasLibrary>(new CublasLibrary(std::move(library)));
      }
      reasons += reasons.empty() ? dlerror() : std::string("; ") + dlerror();
    }
  }
  throw CudaError(HELMHOLTZ_NO_DEVICE, std::string("no cuBLAS: needed ") + kNames[0] + " or " +
                                           kNames[1] + ", found none: " + reasons);
}

CublasLibrary::CublasLibrary(Library library) : library_(std::move(library)) {
  const auto require = [this](const char* name, auto& function) {
    if (find(library_, name, function)) return;
    throw CudaError(HELMHOLTZ_NO_DEVICE, std::string("cuBLAS of another kind: it has no ") + name);
  };
  require("cublasGetProperty", get_property);
  require("cublasGetStatusString", status_string);
  require("cublasCreate_v2", create);
  require("cublasDestroy_v2", destroy);
  require("cublasSetStream_v2", set_stream);
  require("cublasSetWorkspace_v2", set_workspace);
  require("cublasGemmEx", gemm);
  require("cublasGemmStridedBatchedEx", gemm_strided_batched);
}

int CublasLibrary::version() const {
  int major = 0;
  int minor = 0;
  if (get_property(MAJOR_VERSION, &major) != CUBLAS_STATUS_SUCCESS ||
      get_property(MINOR_VERSION, &minor) != CUBLAS_STATUS_SUCCESS) {
    throw CudaError(HELMHOLTZ_NO_DEVICE, "cuBLAS does not say its version");
  }
  return 1000 * major + 10 * minor;
}

Cublas::Cublas(cudaStream_t stream) : library_(CublasLibrary::load()), workspace_(kWorkspace) {
  const std::scoped_lock lock(capture_mutex());
  check(library_->create(&handle_), "cublasCreate");
  try {
    // In this order: a stream brings a workspace that captures cannot use.
    check(library_->set_stream(handle_, stream), "cublasSetStream");
    check(library_->set_workspace(handle_, workspace_.get(), workspace_.size()),
          "cublasSetWorkspace");
  } catch (const CudaError&) {
    static_cast<void>(library_->destroy(handle_));
    throw;
  }
}

Cublas::~Cublas() {
  const std::scoped_lock lock(capture_mutex());  // it waits for the device
  static_cast<void>(library_->destroy(handle_));
}

void Cublas::multiply(const Product& product, Math math) const {
  const auto [inputs, sums] = types_of(math);
  const auto transpose_a = product.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N;
  const float alpha = 1;
  if (product.count == 1) {
    check(library_->gemm(handle_, transpose_a, CUBLAS_OP_N, product.rows, product.columns,
                         product.inner, &alpha, product.a, inputs, product.a_stride, product.b,
                         inputs, product.b_stride, &product.beta, product.c, CUDA_R_32F,
                         product.c_stride, sums, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
    return;
  }
  check(library_->gemm_strided_batched(
            handle_, transpose_a, CUBLAS_OP_N, product.rows, product.columns, product.inner, &alpha,
            product.a, inputs, product.a_stride, product.a_machine, product.b, inputs,
            product.b_stride, product.b_machine, &product.beta, product.c, CUDA_R_32F,
            product.c_stride, product.c_machine, product.count, sums, CUBLAS_GEMM_DEFAULT),
        "cublasGemmStridedBatchedEx");
}

void Cublas::check(cublasStatus_t status, const char* call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  const bool no_device =
      status == CUBLAS_STATUS_NOT_INITIALIZED || status == CUBLAS_STATUS_ARCH_MISMATCH;
  throw CudaError(no_device ? HELMHOLTZ_NO_DEVICE : HELMHOLTZ_FAILED,
                  std::string("cuBLAS: ") + library_->status_string(status) + " (" + call + ")");
}

}  // namespace helmholtz::cuda
