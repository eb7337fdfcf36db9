#include "host_device/host_runtime.hpp"

#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "host_device/host_calls.hpp"
#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::testing {

namespace {

/// What a driver that is out of order says to whoever looks for devices.
cudaError_t driver_error() {
  return static_cast<cudaError_t>(from_environment("HELMHOLTZ_HOST_DRIVER_ERROR", cudaSuccess));
}

thread_local bool captures = false;

int device_count() { return static_cast<int>(from_environment("HELMHOLTZ_HOST_DEVICES", 2)); }

}  // namespace

bool thread_captures() { return captures; }

void launch_on_host(cudaStream_t stream, std::function<void()> kernel) {
  HELMHOLTZ_CUDA_CHECK(act([&](Runtime& runtime) {
    runtime.give(runtime.stream(stream), {[&runtime, kernel = std::move(kernel)] {
                   runtime.count_kernel();
                   if (runtime.fault == cudaSuccess) kernel();
                 }});
  }));
}

}  // namespace helmholtz::testing

using namespace helmholtz::testing;  // NOLINT: CUDA's functions are in no namespace

namespace {

HostEvent& event_of(cudaEvent_t handle) { return *reinterpret_cast<HostEvent*>(handle); }
HostGraph* graph_of(void* handle) { return static_cast<HostGraph*>(handle); }

}  // namespace

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  return act([&](Runtime&) { *version = CUDART_VERSION; });
}
cudaError_t cudaGetDeviceCount(int* count) {
  return call([&](Runtime&) {
    *count = device_count();
    return driver_error();
  });
}
cudaError_t cudaGetDevice(int* device) {
  return act([&](Runtime&) { *device = current_device; });
}
cudaError_t cudaSetDevice(int device) {
  return call([&](Runtime&) {
    if (device < 0 || device >= device_count()) return cudaErrorInvalidDevice;
    current_device = device;
    return cudaSuccess;
  });
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int /*device*/) {
  return act([&](Runtime& runtime) {
    *properties = {};
    std::strcpy(properties->name, "host");
    properties->major = 9;
    properties->multiProcessorCount = 4;
    properties->totalGlobalMem = runtime.capacity();
  });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int /*device*/) {
  return call([&](Runtime&) {
    switch (attribute) {
      case cudaDevAttrMultiProcessorCount:
        *value = 4;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = 227 * 1024;
        return cudaSuccess;
      case cudaDevAttrMaxPitch:
        *value = kMaxPitch;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMajor:
        *value = 9;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMinor:
        *value = 0;
        return cudaSuccess;
      case cudaDevAttrMemoryPoolsSupported:
        *value = from_environment("HELMHOLTZ_HOST_POOLS", 1) != 0 ? 1 : 0;
        return cudaSuccess;
      default:
        return cudaErrorInvalidValue;
    }
  });
}
cudaError_t cudaGetLastError() {
  const std::scoped_lock lock(Runtime::get().mutex);
  return std::exchange(Runtime::get().last_error, Runtime::get().fault);
}
const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation"
         : error == cudaErrorIllegalAddress ? "cudaErrorIllegalAddress"
                                            : "cudaError";
}
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "out of memory"
         : error == cudaErrorIllegalAddress ? "an illegal memory access was encountered"
                                            : "failed";
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned flags) {
  return call([&](Runtime& runtime) {
    if (flags != cudaStreamNonBlocking) return cudaErrorNotSupported;
    *out = runtime.create_stream();
    return cudaSuccess;
  });
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return release([&](Runtime& runtime) { runtime.destroy(stream); });
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return call([&](Runtime& runtime) {
    auto& waited = runtime.stream(stream);
    if (waited.capture.graph) {
      waited.capture.is_valid = false;
      return cudaErrorStreamCaptureUnsupported;
    }
    runtime.finish(waited);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned /*flags*/) {
  return act([&](Runtime& runtime) {
    auto& held = runtime.stream(stream);
    const auto& reached = event_of(event);
    if (reached.capture.graph) return held.capture.wait_for(reached.capture);
    runtime.give(held, {nullptr, reached.mark});
  });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned /*flags*/) {
  return act([&](Runtime&) { *out = reinterpret_cast<cudaEvent_t>(new HostEvent); });
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return release([&](Runtime&) { delete &event_of(event); });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return act([&](Runtime& runtime) {
    auto& recorded = runtime.stream(stream);
    event_of(event) = {std::make_shared<Mark>(), recorded.capture};
    if (recorded.capture.graph) return;
    runtime.give(recorded, {[mark = event_of(event).mark] { mark->reached = true; }});
  });
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return act([&](Runtime& runtime) { runtime.finish(event_of(event).mark); });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode /*mode*/) {
  captures = true;
  return act([&](Runtime& runtime) {
    runtime.stream(stream).capture = {.graph = std::make_shared<HostGraph>()};
  });
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* out) {
  captures = false;
  return call([&](Runtime& runtime) {
    const auto graph = runtime.end_capture(runtime.stream(stream));
    *out = graph ? reinterpret_cast<cudaGraph_t>(new HostGraph(*graph)) : nullptr;
    return graph ? cudaSuccess : cudaErrorStreamCaptureInvalidated;
  });
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t graph,
                                 unsigned long long /*flags*/) {
  return act(
      [&](Runtime&) { *out = reinterpret_cast<cudaGraphExec_t>(new HostGraph(*graph_of(graph))); });
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return act(
      [&](Runtime& runtime) { runtime.launch(*graph_of(executable), runtime.stream(stream)); });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return release([&](Runtime&) { delete graph_of(graph); });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return release([&](Runtime&) { delete graph_of(executable); });
}

}  // extern "C"
