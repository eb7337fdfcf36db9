#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/plugin/plugin_abi.h"

namespace helmholtz::plugin {

/// libhelmholtz_cuda.so, loaded: the only way to CUDA. It stays until the process ends: to unload
/// it would destroy the devices' contexts, which take a good part of a second to make.
class Plugin {
 public:
  /// Looks in the file that HELMHOLTZ_CUDA_PLUGIN names (an absolute path) and there alone if it is
  /// set; else beside this library, in the install's library folder, in the build's.
  /// @throws NoDevice with the reason if there is none that fits
  static std::shared_ptr<const Plugin> load();

  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  [[nodiscard]] const helmholtz_plugin& functions() const noexcept { return *functions_; }
  /// @throws Error with the status as its code unless it is 0
  static void check(std::int32_t status, const helmholtz_error& error);

  /// Calls one of the functions. @throws as check()
  template <class... Parameters, class... Arguments>
  static void call(std::int32_t (*function)(Parameters...), Arguments... arguments) {
    helmholtz_error error{};
    check(function(arguments..., &error), error);
  }

  /// @throws NoDevice if there is no device, or none that can be used
  [[nodiscard]] std::vector<helmholtz_device> devices() const;
  /// "NVIDIA H200, compute capability 9.0, …; CUDA 13.0, driver 12.8"
  [[nodiscard]] std::string describe() const;
  /// "13.0", the version of cuBLAS
  /// @throws NoDevice if there is none
  [[nodiscard]] std::string cublas() const;
  /// "13.0", the version of NVRTC; empty if there is none
  [[nodiscard]] std::string nvrtc() const;

 private:
  explicit Plugin(const helmholtz_plugin& functions) : functions_(&functions) {}

  const helmholtz_plugin* functions_;
};

}  // namespace helmholtz::plugin
