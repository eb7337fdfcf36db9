#pragma once

#include "device_memory.hpp"
#include "device_shares.hpp"
#include "evaluation_plan.hpp"
#include "evaluation_task.hpp"

namespace helmholtz::cuda {

/// Thrown where a topology's evaluation does not fit on the device: the host then evaluates, to the
/// same bits.
class NotOnDevice : public CudaError {
 public:
  NotOnDevice() : CudaError(HELMHOLTZ_ELSEWHERE, "evaluation: does not fit on the device") {}
};

/// Every share evaluates its own of the machines: share.evaluate(part, first machine of the share).
template <class Share>
void evaluate_shares(const DeviceShares<Share>& shares, const helmholtz_evaluation& wanted) {
  shares.for_each_part(wanted.first, wanted.count,
                       [&](Share& share, auto from, auto some, auto done) {
                         auto part = shifted(wanted, done);
                         part.count = some;
                         share.evaluate(part, from);
                       });
}

/// Evaluates machines whose parameters are on one device: exact KL in double, sampled KL from
/// integer counts; the same bits as evaluate_machines() of helmholtz/evaluation.hpp.
class Evaluator {
 public:
  /// For the current device. Copies what it needs of the ensemble's world.
  Evaluator(const helmholtz_ensemble& ensemble, const RuntimeShape& shape,
            const DeviceLimits& limits);

  /// Waits for the results, [machines] each.
  /// @param seeds  [machines], in device memory as the parameters
  /// @throws NotOnDevice
  void evaluate(const ParameterView& parameters, const std::uint64_t* seeds, std::uint32_t machines,
                const helmholtz_evaluation& wanted, cudaStream_t stream);

 private:
  void evaluate_here(const EvaluationInput& input, const helmholtz_evaluation& wanted,
                     cudaStream_t stream);
  void evaluate_exactly(const EvaluationInput& input, const EvaluationResults& results,
                        cudaStream_t stream);
  void evaluate_by_samples(const EvaluationInput& input, const helmholtz_evaluation& wanted,
                           const EvaluationResults& results, cudaStream_t stream);

  DeviceLimits limits_;
  EvaluationInput world_;  ///< of no machines
  DeviceArray<LayerView> layers_;
  DeviceArray<std::size_t> pattern_begin_;
  DeviceArray<std::uint32_t> pattern_units_;
  DeviceArray<std::uint32_t> sorted_words_;
  DeviceArray<std::uint32_t> order_;
  DeviceArray<double> probabilities_;
  DeviceArray<double> log_probabilities_;
  ExactSizes sizes_;
  DeviceArray<double> workspace_;
};

}  // namespace helmholtz::cuda
