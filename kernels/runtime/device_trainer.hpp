#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "kernels/plugin/plugin_abi.h"
#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

/// Machines [first, first + count) of an ensemble, and the device that they are on.
struct Share {
  int device;
  std::size_t first;
  std::size_t count;
};

/// Trains a share's machines; they are numbered from 0 on. Every function throws CudaError. Reads
/// and writes of different machines may come from several threads.
class DeviceTrainer {
 public:
  DeviceTrainer() = default;
  virtual ~DeviceTrainer() = default;
  DeviceTrainer(const DeviceTrainer&) = delete;
  DeviceTrainer& operator=(const DeviceTrainer&) = delete;

  virtual void train(const helmholtz_steps& steps) = 0;
  /// [count][parameters] of machines [first, first + count).
  virtual void read(std::size_t first, std::size_t count, float* out) const = 0;
  virtual void write(std::size_t first, std::size_t count, const float* in) = 0;
  /// Machine m's optimiser state, as helmholtz::Trainer has it. Never called without means.
  virtual void read_state(std::size_t /*m*/, float* /*out*/) const {}
  virtual void write_state(std::size_t /*m*/, const float* /*in*/) {}
  /// @throws NotOnDevice, Stopped; what was written then is void
  virtual void evaluate(const helmholtz_evaluation& wanted) = 0;
  /// Quantiles of all machines' exact KL, one of each probability. @throws NotOnDevice
  virtual void kl_quantiles(std::span<const double> /*probabilities*/, double* /*out*/) {
    throw NotOnDevice();
  }
  [[nodiscard]] virtual std::size_t bytes() const = 0;
  /// What trains the machines, for people: of cuda-fused the variant, "ThreadRegisters".
  [[nodiscard]] virtual std::string kernel() const = 0;
};

/// cuda-fused.
std::unique_ptr<DeviceTrainer> make_fused_trainer(const helmholtz_ensemble& ensemble,
                                                  const Share& share);
/// cuda-layered.
std::unique_ptr<DeviceTrainer> make_layered_trainer(const helmholtz_ensemble& ensemble,
                                                    const Share& share,
                                                    const helmholtz_placement& placement);

}  // namespace helmholtz::cuda
