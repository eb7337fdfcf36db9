// The plugin's one exported symbol: the table of plugin_abi.h over DeviceTrainer.
#include "kernels/plugin/plugin_abi.h"

#include <cstdio>
#include <new>

#include "kernels/runtime/cublas.hpp"
#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/device_trainer.hpp"

using helmholtz::cuda::CudaError;
using helmholtz::cuda::DeviceTrainer;

/// The handle: a DeviceTrainer under a name that C knows.
struct helmholtz_trainer {
  std::unique_ptr<DeviceTrainer> trainer;
};

namespace {

void say(helmholtz_error* error, const char* text) {
  std::snprintf(error->text, sizeof(error->text), "%s", text);
}

/// Runs the body; exceptions become a status and a text.
template <class Body>
std::int32_t guarded(helmholtz_error* error, Body body) noexcept {
  try {
    body();
    return HELMHOLTZ_OK;
  } catch (const helmholtz::cuda::AllocationFailure& failure) {
    say(error, failure.what());
    return HELMHOLTZ_NO_MEMORY;
  } catch (const CudaError& failure) {
    say(error, failure.what());
    return failure.code();
  } catch (const std::bad_alloc&) {
    say(error, "not enough memory");
  } catch (const std::exception& failure) {
    say(error, failure.what());
  }
  return HELMHOLTZ_FAILED;
}

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

/// Without a driver the runtime says so by either of two errors, and leaves the count alone.
void count_devices(std::int32_t* devices, std::int32_t* driver) {
  int version_of_driver = 0;
  int count = 0;
  HELMHOLTZ_CUDA_CHECK(cudaDriverGetVersion(&version_of_driver));
  const auto status = cudaGetDeviceCount(&count);
  static_cast<void>(cudaGetLastError());
  if (version_of_driver == 0) throw CudaError(HELMHOLTZ_NO_DEVICE, "no device: no NVIDIA driver");
  if (status == cudaErrorInsufficientDriver) {
    throw CudaError(HELMHOLTZ_NO_DEVICE, "no device: the driver is too old: needed one for CUDA " +
                                             version(CUDART_VERSION) + ", found one for CUDA " +
                                             version(version_of_driver));
  }
  if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    throw CudaError(HELMHOLTZ_NO_DEVICE, "no device: the driver sees none");
  }
  HELMHOLTZ_CUDA_CHECK(status);
  *devices = count;
  *driver = version_of_driver;
}

std::int32_t count(std::int32_t* devices, std::int32_t* driver, helmholtz_error* error) {
  return guarded(error, [&] { count_devices(devices, driver); });
}

std::int32_t describe(std::int32_t ordinal, helmholtz_device* out, helmholtz_error* error) {
  return guarded(error, [&] {
    cudaDeviceProp properties{};
    HELMHOLTZ_CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
    *out = {};
    std::snprintf(out->name, sizeof(out->name), "%s", properties.name);
    out->major = properties.major;
    out->minor = properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    out->memory = properties.totalGlobalMem;
  });
}

std::int32_t cublas(std::int32_t* number, helmholtz_error* error) {
  return guarded(error, [&] { *number = helmholtz::cuda::CublasLibrary::load()->version(); });
}

std::unique_ptr<DeviceTrainer> make_trainer(const helmholtz_ensemble& ensemble,
                                            const helmholtz_placement& placement) {
  const std::span devices(placement.devices, placement.device_count);
  if (placement.strategy == HELMHOLTZ_FUSED) {
    return helmholtz::cuda::make_fused_trainer(ensemble, devices);
  }
  return helmholtz::cuda::make_layered_trainer(
      ensemble,
      {.math = static_cast<helmholtz::cuda::Math>(placement.math),
       .plain_launches = placement.plain_launches != 0},
      devices);
}

std::int32_t create(const helmholtz_ensemble* ensemble, const helmholtz_placement* placement,
                    helmholtz_trainer** out, helmholtz_error* error) {
  return guarded(error, [&] { *out = new helmholtz_trainer{make_trainer(*ensemble, *placement)}; });
}

void destroy(helmholtz_trainer* trainer) { delete trainer; }

std::int32_t train(helmholtz_trainer* trainer, const helmholtz_steps* steps,
                   helmholtz_error* error) {
  return guarded(error, [&] { trainer->trainer->train(*steps); });
}

std::int32_t read(const helmholtz_trainer* trainer, std::uint64_t first, std::uint64_t count,
                  float* out, helmholtz_error* error) {
  return guarded(error, [&] { trainer->trainer->read(first, count, out); });
}

std::int32_t write(helmholtz_trainer* trainer, std::uint64_t first, std::uint64_t count,
                   const float* in, helmholtz_error* error) {
  return guarded(error, [&] { trainer->trainer->write(first, count, in); });
}

std::int32_t evaluate(helmholtz_trainer* trainer, const helmholtz_evaluation* wanted,
                      helmholtz_error* error) {
  return guarded(error, [&] { trainer->trainer->evaluate(*wanted); });
}

std::int32_t kl_quantiles(helmholtz_trainer* trainer, const double* probabilities,
                          std::uint64_t count, double* out, helmholtz_error* error) {
  return guarded(error,
                 [&] { trainer->trainer->kl_quantiles(std::span(probabilities, count), out); });
}

std::int32_t device_bytes(const helmholtz_trainer* trainer, std::uint64_t* bytes,
                          helmholtz_error* error) {
  return guarded(error, [&] { *bytes = trainer->trainer->device_bytes(); });
}

constexpr helmholtz_plugin kPlugin = {.abi = HELMHOLTZ_PLUGIN_ABI,
                                      .size = sizeof(helmholtz_plugin),
                                      .error_size = sizeof(helmholtz_error),
                                      .device_size = sizeof(helmholtz_device),
                                      .ensemble_size = sizeof(helmholtz_ensemble),
                                      .placement_size = sizeof(helmholtz_placement),
                                      .steps_size = sizeof(helmholtz_steps),
                                      .evaluation_size = sizeof(helmholtz_evaluation),
                                      .reserved = 0,
                                      .runtime_version = CUDART_VERSION,
                                      .count = count,
                                      .describe = describe,
                                      .cublas = cublas,
                                      .create = create,
                                      .destroy = destroy,
                                      .train = train,
                                      .read = read,
                                      .write = write,
                                      .evaluate = evaluate,
                                      .kl_quantiles = kl_quantiles,
                                      .device_bytes = device_bytes};

}  // namespace

extern "C" __attribute__((visibility("default"))) const helmholtz_plugin* helmholtz_cuda_plugin() {
  return &kPlugin;
}
