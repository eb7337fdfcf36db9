#pragma once

#include <string>

#include "base/matrix.hpp"

/// Matrix products of a layer by OpenBLAS. Units and errors are [units x batch]; with a batch of
/// one they are vectors.
namespace helmholtz::blas {

/// activities = weights inputs: [n x B] from [n x k] and [k x B].
void activities(const ConstMatrix& weights, const ConstMatrix& inputs, const Matrix& activities);

/// weights += rate * errors inputs^T: [n x k] from [n x B] and [k x B].
void learn(float rate, const ConstMatrix& errors, const ConstMatrix& inputs, const Matrix& weights);

/// bias[j] += rate * the sum of row j of errors. `ones` holds as many ones as a row has errors.
void learn_bias(float rate, const ConstMatrix& errors, const float* ones, float* bias);

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

}  // namespace helmholtz::blas
