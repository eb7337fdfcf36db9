// The plugin's one exported symbol: the table of plugin_abi.h, and how it splits machines over
// devices.
#include "kernels/plugin/plugin_abi.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <thread>
#include <vector>

#include "kernels/evaluate/evaluation_plan.hpp"
#include "kernels/runtime/cublas_library.hpp"
#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/device_trainer.hpp"
#include "kernels/runtime/nvrtc.hpp"
#include "kernels/runtime/view_tables.hpp"

using helmholtz::cuda::CudaError;
using helmholtz::cuda::DeviceTrainer;
using helmholtz::cuda::NotOnDevice;

/// The handle: an ensemble's machines, split over devices in order.
struct helmholtz_trainer {
  std::size_t parameters;  ///< of a machine
  std::size_t share;       ///< machines of a device, but the last
  std::vector<std::unique_ptr<DeviceTrainer>> devices;

  helmholtz_trainer(const helmholtz_ensemble& ensemble, const helmholtz_placement& placement)
      : parameters(helmholtz::cuda::shape_of(ensemble).parameters()),
        share((ensemble.machines + placement.device_count - 1) / placement.device_count) {
    for (std::size_t i = 0; i < placement.device_count && i * share < ensemble.machines; ++i) {
      const helmholtz::cuda::Share own{.device = placement.devices[i],
                                       .first = i * share,
                                       .count = std::min(share, ensemble.machines - i * share)};
      devices.push_back(placement.strategy == HELMHOLTZ_FUSED
                            ? make_fused_trainer(ensemble, own)
                            : make_layered_trainer(ensemble, own, placement));
    }
  }
};

namespace {

/// Into a helmholtz_error or a helmholtz_text.
template <class Text>
void say(Text* out, const char* text) {
  std::snprintf(out->text, sizeof(out->text), "%s", text);
}

/// Runs the body; exceptions become a status and a text.
template <class Body>
std::int32_t guarded(helmholtz_error* error, Body body) noexcept {
  try {
    body();
    return HELMHOLTZ_OK;
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
  helmholtz::cuda::check(status, "cudaGetDeviceCount", __FILE_NAME__, __LINE__);
  *devices = count;
  *driver = version_of_driver;
}

/// A device that cannot be asked is none.
std::int32_t or_no_device(std::int32_t status) {
  return status == HELMHOLTZ_OK ? HELMHOLTZ_OK : HELMHOLTZ_NO_DEVICE;
}

std::int32_t count(std::int32_t* devices, std::int32_t* driver, helmholtz_error* error) {
  return or_no_device(guarded(error, [&] { count_devices(devices, driver); }));
}

std::int32_t describe(std::int32_t ordinal, helmholtz_device* out, helmholtz_error* error) {
  return or_no_device(guarded(error, [&] {
    cudaDeviceProp properties{};
    HELMHOLTZ_CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
    *out = {};
    std::snprintf(out->name, sizeof(out->name), "%s", properties.name);
    out->major = properties.major;
    out->minor = properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    out->memory = properties.totalGlobalMem;
  }));
}

std::int32_t cublas(std::int32_t* number, helmholtz_error* error) {
  return guarded(error, [&] { *number = helmholtz::cuda::CublasLibrary::get().version(); });
}

std::int32_t nvrtc(helmholtz_text* version, helmholtz_error* error) {
  return guarded(error, [&] {
    const auto* const compiler = helmholtz::cuda::Nvrtc::shared();
    say(version, compiler == nullptr ? "" : compiler->version().c_str());
  });
}

/// body(0) to body(count - 1), each from a thread of its own if there are several.
/// @throws what the first of them that failed has thrown
template <class Body>
void side_by_side(std::size_t count, Body body) {
  std::vector<std::exception_ptr> failures(count);
  const auto run = [&](std::size_t i) {
    try {
      body(i);
    } catch (...) {
      failures[i] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;  // each is waited for, whatever happens
    for (std::size_t i = 1; i < count; ++i) threads.emplace_back(run, i);
    if (count > 0) run(0);
  }
  for (const auto& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

/// body(device's trainer, its first machine, machines, machines before them) where each device's
/// part of machines [first, first + count) lies, side by side.
template <class Body>
void for_each_part(const helmholtz_trainer& trainer, std::size_t first, std::size_t count,
                   Body body) {
  const auto share = trainer.share;
  const auto begin = first / share;
  const auto end = count == 0 ? begin : (first + count - 1) / share + 1;
  side_by_side(end - begin, [&](std::size_t i) {
    const auto from = std::max(first, (begin + i) * share);
    const auto to = std::min(first + count, (begin + i + 1) * share);
    body(*trainer.devices[begin + i], from % share, to - from, from - first);
  });
}

std::int32_t create(const helmholtz_ensemble* ensemble, const helmholtz_placement* placement,
                    helmholtz_trainer** out, helmholtz_error* error) {
  return guarded(error, [&] { *out = new helmholtz_trainer(*ensemble, *placement); });
}

void destroy(helmholtz_trainer* trainer) { delete trainer; }

std::int32_t train(helmholtz_trainer* trainer, const helmholtz_steps* steps,
                   helmholtz_error* error) {
  return guarded(error, [&] {
    const auto& devices = trainer->devices;
    side_by_side(devices.size(), [&](std::size_t i) { devices[i]->train(*steps); });
  });
}

std::int32_t read(const helmholtz_trainer* trainer, std::uint64_t first, std::uint64_t count,
                  float* out, helmholtz_error* error) {
  return guarded(error, [&] {
    for_each_part(*trainer, first, count,
                  [&](const DeviceTrainer& device, auto from, auto some, auto before) {
                    device.read(from, some, out + before * trainer->parameters);
                  });
  });
}

std::int32_t write(helmholtz_trainer* trainer, std::uint64_t first, std::uint64_t count,
                   const float* in, helmholtz_error* error) {
  return guarded(error, [&] {
    for_each_part(*trainer, first, count,
                  [&](DeviceTrainer& device, auto from, auto some, auto before) {
                    device.write(from, some, in + before * trainer->parameters);
                  });
  });
}

std::int32_t read_state(const helmholtz_trainer* trainer, std::uint64_t machine, float* out,
                        helmholtz_error* error) {
  return guarded(error, [&] {
    for_each_part(*trainer, machine, 1, [&](const DeviceTrainer& device, auto from, auto, auto) {
      device.read_state(from, out);
    });
  });
}

std::int32_t write_state(helmholtz_trainer* trainer, std::uint64_t machine, const float* in,
                         helmholtz_error* error) {
  return guarded(error, [&] {
    for_each_part(*trainer, machine, 1, [&](DeviceTrainer& device, auto from, auto, auto) {
      device.write_state(from, in);
    });
  });
}

std::int32_t evaluate(helmholtz_trainer* trainer, const helmholtz_evaluation* wanted,
                      helmholtz_error* error) {
  return guarded(error, [&] {
    for_each_part(*trainer, wanted->first, wanted->count,
                  [&](DeviceTrainer& device, auto from, auto some, auto before) {
                    auto part = helmholtz::cuda::shifted(*wanted, before);
                    part.first = from;
                    part.count = some;
                    device.evaluate(part);
                  });
  });
}

std::int32_t kl_quantiles(helmholtz_trainer* trainer, const double* probabilities,
                          std::uint64_t count, double* out, helmholtz_error* error) {
  return guarded(error, [&] {
    if (trainer->devices.size() != 1) throw NotOnDevice();
    trainer->devices.front()->kl_quantiles(std::span(probabilities, count), out);
  });
}

std::int32_t device_bytes(const helmholtz_trainer* trainer, std::uint64_t* bytes,
                          helmholtz_error* error) {
  return guarded(error, [&] {
    *bytes = 0;
    for (const auto& device : trainer->devices) *bytes += device->bytes();
  });
}

std::int32_t kernel(const helmholtz_trainer* trainer, helmholtz_text* name,
                    helmholtz_error* error) {
  return guarded(error, [&] { say(name, trainer->devices.front()->kernel().c_str()); });
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
                                      .nvrtc = nvrtc,
                                      .create = create,
                                      .destroy = destroy,
                                      .train = train,
                                      .read = read,
                                      .write = write,
                                      .read_state = read_state,
                                      .write_state = write_state,
                                      .evaluate = evaluate,
                                      .kl_quantiles = kl_quantiles,
                                      .device_bytes = device_bytes,
                                      .kernel = kernel};

}  // namespace

extern "C" __attribute__((visibility("default"))) const helmholtz_plugin* helmholtz_cuda_plugin() {
  return &kPlugin;
}
