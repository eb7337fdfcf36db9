#pragma once

#include <span>

#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/evaluate/evaluation_task.hpp"
#include "kernels/runtime/device_memory.hpp"

namespace helmholtz::cuda {

/// Evaluates machines whose parameters are on one device: exact KL in double, sampled KL from
/// integer counts; the same bits as evaluate_machines() of helmholtz/evaluation.hpp.
class Evaluator {
 public:
  /// For the current device. Copies what it needs of the ensemble's world.
  Evaluator(const helmholtz_ensemble& ensemble, const LayerShape& shape,
            const DeviceLimits& limits);

  /// Waits for the results, [machines] each.
  /// @param seeds  [machines], in device memory as the parameters
  /// @throws NotOnDevice, Stopped
  void evaluate(const ParameterView& parameters, const std::uint64_t* seeds, std::uint32_t machines,
                const helmholtz_evaluation& wanted, cudaStream_t stream);

  /// Quantiles of the machines' exact KL; NaN if all have diverged. The values stay on the device.
  /// @param out  one of each probability
  /// @throws NotOnDevice
  void kl_quantiles(const ParameterView& parameters, std::uint32_t machines,
                    std::span<const double> probabilities, double* out, cudaStream_t stream);

 private:
  /// The world's input with room for what is wanted of each machine.
  EvaluationInput input_of(const ParameterView& parameters, std::uint32_t machines, bool exact,
                           bool sampled);
  /// Finds the diverged machines, and leaves the others in the input.
  void set_finite_machines(EvaluationInput& input, cudaStream_t stream);
  void evaluate_exactly(const EvaluationInput& input, cudaStream_t stream);
  void evaluate_by_samples(const EvaluationInput& input, const helmholtz_evaluation& wanted,
                           cudaStream_t stream);
  /// Adds up counts_ of the task's machines.
  void count_samples(SampleTask& task, const helmholtz_evaluation& wanted, cudaStream_t stream);

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
  // Kept from one evaluation to the next.
  DeviceArray<double> workspace_;
  DeviceArray<std::uint32_t> counts_;
  DeviceArray<std::uint32_t> finite_;  ///< numbers of the machines that have not diverged
  DeviceArray<std::uint8_t> diverged_;
  DeviceArray<double> kl_exact_;
  DeviceArray<double> kl_sampled_;
  DeviceArray<std::uint32_t> unseen_;
};

}  // namespace helmholtz::cuda
