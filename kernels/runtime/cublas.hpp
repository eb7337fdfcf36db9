#pragma once

#include "kernels/runtime/cublas_library.hpp"
#include "kernels/runtime/product.hpp"

namespace helmholtz::cuda {

/// Matrix products on a device. They take no workspace, so those of several streams may run side by
/// side, and what is issued may be captured.
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

  void multiply(const Product& product, cudaStream_t stream) const;

 private:
  const CublasLibrary& library_;
  int device_;
  Math math_;
  cublasLtHandle_t handle_ = nullptr;
};

}  // namespace helmholtz::cuda
