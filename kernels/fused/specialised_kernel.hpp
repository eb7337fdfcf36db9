#pragma once

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <memory>
#include <optional>
#include <string>

#include "kernels/fused/fused_task.hpp"
#include "kernels/fused/launch_plan.hpp"

namespace helmholtz::cuda {

/// A kernel that was compiled at run time for one topology, on the device current at the time.
class SpecialisedKernel {
 public:
  /// Null where the generic kernels serve: few machines, no NVRTC, a topology that gains nothing,
  /// or a driver that does not load what NVRTC makes.
  /// @param forced  ThreadRegisters or WarpRegisters for any number of machines, whatever was
  ///                compiled ahead of time
  static std::unique_ptr<SpecialisedKernel> make(const FusedTask& task, const DeviceLimits& limits,
                                                 int device, std::optional<Variant> forced);
  ~SpecialisedKernel();
  SpecialisedKernel(const SpecialisedKernel&) = delete;
  SpecialisedKernel& operator=(const SpecialisedKernel&) = delete;

  /// As launch_fused(); the steps keep the upper half of their Philox block numbers.
  void launch(const FusedTask& task, const DeviceLimits& limits, cudaStream_t stream) const;
  [[nodiscard]] Variant variant() const noexcept { return variant_; }

 private:
  struct Driver;
  SpecialisedKernel(int device, Variant variant, std::unique_ptr<Driver> driver) noexcept;
  bool load(const std::string& cubin);

  int device_;
  Variant variant_;
  std::unique_ptr<Driver> driver_;
  CUmodule module_ = nullptr;
  CUfunction function_ = nullptr;
};

}  // namespace helmholtz::cuda
