#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "kernels/runtime/cublas_library.hpp"
#include "kernels/runtime/product.hpp"

namespace helmholtz::cuda {

/// Matrix products on a device. They take no workspace, so those of several streams may run side by
/// side, and what has been issued once may be captured: the first product of a shape asks cuBLAS
/// for an algorithm, which some versions refuse to a stream that captures.
///
/// A machine's result does not depend on how many there are: a product's algorithm follows from its
/// shape and the math alone, sums over `inner` in one sequence, and runs for all machines at once.
class Cublas {
 public:
  /// @param device  the current one
  Cublas(int device, Math math);
  ~Cublas();
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  void multiply(const Product& product, cudaStream_t stream);

 private:
  /// What of a product its algorithm follows from.
  using Form = std::array<std::int64_t, 10>;
  static Form form_of(const Product& product) {
    return {product.transpose_a ? 1 : 0,
            product.rows,
            product.columns,
            product.inner,
            product.a_stride,
            product.b_stride,
            product.c_stride,
            product.a_machine,
            product.b_machine,
            product.c_machine};
  }

  const CublasLibrary& library_;
  int device_;
  Math math_;
  cublasLtHandle_t handle_ = nullptr;
  std::map<Form, cublasLtMatmulAlgo_t> algorithms_;
};

}  // namespace helmholtz::cuda
