#include "backends/cuda/plugin.hpp"

#include <fmt/format.h>

#include "base/plugin_file.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::plugin {

namespace {

#ifndef HELMHOLTZ_CUDA_BUILT_PLUGIN
#define HELMHOLTZ_CUDA_BUILT_PLUGIN ""
#endif

constexpr io::PluginFile kFile = {.name = "libhelmholtz_cuda.so",
                                  .variable = "HELMHOLTZ_CUDA_PLUGIN",
                                  .built = HELMHOLTZ_CUDA_BUILT_PLUGIN,
                                  .without = "CUDA",
                                  .symbol = HELMHOLTZ_PLUGIN_SYMBOL};

bool fits(const helmholtz_plugin& plugin) {
  return plugin.abi == HELMHOLTZ_PLUGIN_ABI && plugin.size == sizeof(helmholtz_plugin) &&
         plugin.error_size == sizeof(helmholtz_error) &&
         plugin.device_size == sizeof(helmholtz_device) &&
         plugin.ensemble_size == sizeof(helmholtz_ensemble) &&
         plugin.placement_size == sizeof(helmholtz_placement) &&
         plugin.steps_size == sizeof(helmholtz_steps) &&
         plugin.evaluation_size == sizeof(helmholtz_evaluation);
}

std::string version(std::int32_t number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

}  // namespace

std::shared_ptr<const Plugin> Plugin::load() {
  const auto [path, symbol] = io::open_plugin(kFile);
  const auto* const functions =
      symbol == nullptr ? nullptr : reinterpret_cast<helmholtz_plugin_function>(symbol)();
  if (functions == nullptr || !fits(*functions)) {
    const auto found = functions == nullptr ? "none" : std::to_string(functions->abi);
    throw NoDevice(fmt::format("{} is of another version: needed interface {}, found {}", path,
                               HELMHOLTZ_PLUGIN_ABI, found));
  }
  return std::shared_ptr<const Plugin>(new Plugin(*functions));
}

void Plugin::check(std::int32_t status, const helmholtz_error& error) {
  if (status == HELMHOLTZ_OK) return;
  if (status == HELMHOLTZ_NO_MEMORY) throw OutOfDeviceMemory(error.text);
  if (status == HELMHOLTZ_NO_DEVICE) throw NoDevice(error.text);
  throw DeviceFailure(error.text);
}

std::vector<helmholtz_device> Plugin::devices() const {
  std::int32_t count = 0;
  std::int32_t driver = 0;
  call(functions_->count, &count, &driver);
  std::vector<helmholtz_device> found(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    call(functions_->describe, i, &found[static_cast<std::size_t>(i)]);
  }
  return found;
}

std::string Plugin::describe() const {
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  std::string text;
  for (const auto& device : devices()) {
    text += fmt::format("{}, compute capability {}.{}, {:.0f} GiB; ", device.name, device.major,
                        device.minor, static_cast<double>(device.memory) / kGiB);
  }
  std::int32_t count = 0;
  std::int32_t driver = 0;
  call(functions_->count, &count, &driver);
  return fmt::format("{}CUDA {}, driver for {}", text, version(functions_->runtime_version),
                     version(driver));
}

std::string Plugin::nvrtc() const {
  helmholtz_text number{};
  call(functions_->nvrtc, &number);
  return number.text;
}

std::string Plugin::cublas() const {
  std::int32_t number = 0;
  call(functions_->cublas, &number);
  return version(number);
}

}  // namespace helmholtz::plugin
