#pragma once

#include <string>

#include "backends/cpu_layered/matrix.hpp"

/// The three BLAS operations of a training step. With a batch of one row they are
/// matrix-vector operations.
namespace helmholtz::cpu_layered::blas {

/// activities = inputs weights^T: [B x n] from [B x k] and [n x k].
void activities(const ConstMatrix& inputs, const ConstMatrix& weights, const Matrix& activities);

/// weights += rate * errors^T inputs: [n x k] from [B x n] and [B x k].
void learn(float rate, const ConstMatrix& errors, const ConstMatrix& inputs, const Matrix& weights);

/// While one lives, OpenBLAS works on the calling thread alone, in the whole process: the trainer
/// spreads its own tiles over threads, and the bits of a tile do not depend on their number.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;
};

/// Threads that may call OpenBLAS at the same time: it owns a fixed number of work buffers.
inline constexpr int kMaxThreads = 64;

/// Version and kernels, e.g. "OpenBLAS 0.3.21 (Haswell)".
std::string name();

}  // namespace helmholtz::cpu_layered::blas
