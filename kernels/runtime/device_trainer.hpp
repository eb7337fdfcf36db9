#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/layered/layered_task.hpp"
#include "kernels/plugin/plugin_abi.h"

namespace helmholtz::cuda {

/// Trains an ensemble's machines on one or more devices: what a handle of the plugin is. Every
/// function throws CudaError. Reads and writes of different machines may come from several threads.
class DeviceTrainer {
 public:
  DeviceTrainer() = default;
  virtual ~DeviceTrainer() = default;
  DeviceTrainer(const DeviceTrainer&) = delete;
  DeviceTrainer& operator=(const DeviceTrainer&) = delete;

  virtual void train(const helmholtz_steps& steps) = 0;
  /// [count][parameters] of machines [first, first + count).
  virtual void read(std::uint64_t first, std::uint64_t count, float* out) const = 0;
  virtual void write(std::uint64_t first, std::uint64_t count, const float* in) = 0;
  /// @throws NotOnDevice, Stopped; what was written then is void
  virtual void evaluate(const helmholtz_evaluation& wanted) = 0;
  /// Quantiles of all machines' exact KL, one of each probability.
  /// @throws NotOnDevice unless they are all on one device
  virtual void kl_quantiles(std::span<const double> probabilities, double* out) = 0;
  [[nodiscard]] virtual std::uint64_t device_bytes() const = 0;
};

/// cuda-fused.
std::unique_ptr<DeviceTrainer> make_fused_trainer(const helmholtz_ensemble& ensemble,
                                                  std::span<const std::int32_t> devices);

struct LayeredOptions {
  Math math = Math::fp32;
  bool plain_launches = false;  ///< no graph of a step, to compare in tests
};

/// cuda-layered.
std::unique_ptr<DeviceTrainer> make_layered_trainer(const helmholtz_ensemble& ensemble,
                                                    const LayeredOptions& options,
                                                    std::span<const std::int32_t> devices);

}  // namespace helmholtz::cuda
