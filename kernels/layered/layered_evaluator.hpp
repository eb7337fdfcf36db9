#pragma once

#include "kernels/evaluate/evaluator.hpp"
#include "kernels/layered/layered_shape.hpp"

namespace helmholtz::cuda {

/// Evaluates machines that lie on one device as cuda-layered lays them out: their parameters are
/// gathered without padding, [machine][parameter], of so many machines at a time.
class LayeredEvaluator {
 public:
  /// For the current device. Copies what it needs of the ensemble's world.
  LayeredEvaluator(const helmholtz_ensemble& ensemble, const LayeredShape& shape,
                   const DeviceLimits& limits);

  /// Waits for the results, [machines] each.
  /// @param parameters  [machines][shape.floats()], in device memory
  /// @param seeds       [machines], in device memory
  /// @throws NotOnDevice, Stopped
  void evaluate(const float* parameters, const std::uint64_t* seeds, std::uint32_t machines,
                const helmholtz_evaluation& wanted, cudaStream_t stream);

 private:
  LayeredShape shape_;
  Evaluator evaluator_;
  DeviceArray<float> gathered_;
};

}  // namespace helmholtz::cuda
