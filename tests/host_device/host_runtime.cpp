#include "host_device/host_runtime.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "host_device/host_streams.hpp"
#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::testing {

namespace {

thread_local int current_device = 0;

/// Bytes between the rows of cudaMemcpy2D: so few that some tests' machines have more.
constexpr int kMaxPitch = 256;

/// What a driver that is out of order says to whoever looks for devices.
cudaError_t driver_error() {
  return static_cast<cudaError_t>(from_environment("HELMHOLTZ_HOST_DRIVER_ERROR", cudaSuccess));
}

int device_count() { return static_cast<int>(from_environment("HELMHOLTZ_HOST_DEVICES", 2)); }

/// A call of the runtime: body() with nobody else at work. A fault stays for ever.
template <class Body>
cudaError_t call(Body body) {
  auto& runtime = Runtime::get();
  const std::scoped_lock lock(runtime.mutex);
  auto status = runtime.fault;
  if (status == cudaSuccess) status = body(runtime);
  if (runtime.fault != cudaSuccess) status = runtime.fault;
  if (status != cudaSuccess) runtime.last_error = status;
  return status;
}

/// As call(), for what cannot fail.
template <class Body>
cudaError_t act(Body body) {
  return call([&](Runtime& runtime) {
    body(runtime);
    return cudaSuccess;
  });
}

/// As act(), for what gives something back: a fault does not keep it.
template <class Body>
cudaError_t release(Body body) {
  auto& runtime = Runtime::get();
  const std::scoped_lock lock(runtime.mutex);
  body(runtime);
  return runtime.fault;
}

/// Rows of bytes from one pitch to another.
struct Copy {
  char* to;
  std::size_t to_pitch;
  const char* from;
  std::size_t from_pitch;
  std::size_t width;
  std::size_t rows;

  void operator()() const {
    for (std::size_t row = 0; row < rows; ++row) {
      std::memcpy(to + row * to_pitch, from + row * from_pitch, width);
    }
  }
};

/// A copy in a stream; what is read from plain host memory is read now.
void give_copy(Runtime& runtime, HostStream& stream, Copy copy, cudaMemcpyKind kind) {
  if (kind == cudaMemcpyHostToDevice && !runtime.is_pinned(copy.from)) {
    auto staged = std::make_shared<std::vector<char>>(copy.width * copy.rows);
    Copy{staged->data(), copy.width, copy.from, copy.from_pitch, copy.width, copy.rows}();
    copy.from_pitch = copy.width;
    runtime.give(stream, {[copy, staged]() mutable {
                   copy.from = staged->data();
                   copy();
                 }});
    return;
  }
  runtime.give(stream, {copy});
  if (kind == cudaMemcpyDeviceToHost && !runtime.is_pinned(copy.to)) runtime.finish(stream);
}

}  // namespace

void launch_on_host(cudaStream_t stream, std::function<void()> kernel) {
  HELMHOLTZ_CUDA_CHECK(act([&](Runtime& runtime) {
    runtime.give(runtime.stream(stream), {[&runtime, kernel = std::move(kernel)] {
                   runtime.count_kernel();
                   if (runtime.fault == cudaSuccess) kernel();
                 }});
  }));
}

}  // namespace helmholtz::testing

using namespace helmholtz::testing;

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
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return act([&](Runtime& runtime) {
    *free = runtime.free_bytes(current_device);
    *total = runtime.capacity();
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

cudaError_t cudaMalloc(void** out, std::size_t bytes) {
  return call([&](Runtime& runtime) { return runtime.allocate(current_device, out, bytes); });
}
cudaError_t cudaFree(void* memory) {
  return release([&](Runtime& runtime) { runtime.free(memory); });
}
/// As one device's pool: what was freed in the stream before can be had again.
cudaError_t cudaMallocAsync(void** out, std::size_t bytes, cudaStream_t stream) {
  return call([&](Runtime& runtime) {
    if (bytes > runtime.free_bytes(current_device)) runtime.finish(runtime.stream(stream));
    return runtime.allocate(current_device, out, bytes);
  });
}
cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  return release([&](Runtime& runtime) { runtime.free_in_order(memory, runtime.stream(stream)); });
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int /*device*/) {
  static char any;
  *pool = reinterpret_cast<cudaMemPool_t>(&any);
  return act([](Runtime&) {});
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t /*pool*/, cudaMemPoolAttr /*attribute*/,
                                    void* /*value*/) {
  return act([](Runtime&) {});
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t /*pool*/, cudaMemPoolAttr /*attribute*/,
                                    void* value) {
  return act([&](Runtime&) { *static_cast<std::uint64_t*>(value) = 0; });  // it keeps nothing
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t /*pool*/, std::size_t /*bytes*/) {
  return act([](Runtime&) {});
}
cudaError_t cudaHostAlloc(void** out, std::size_t bytes, unsigned /*flags*/) {
  return act([&](Runtime& runtime) { *out = runtime.allocate_pinned(bytes); });
}
cudaError_t cudaFreeHost(void* memory) {
  return release([&](Runtime& runtime) { runtime.free_pinned(memory); });
}

cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from,
                              std::size_t from_pitch, std::size_t width, std::size_t rows,
                              cudaMemcpyKind kind, cudaStream_t stream) {
  return act([&](Runtime& runtime) {
    give_copy(
        runtime, runtime.stream(stream),
        {static_cast<char*>(to), to_pitch, static_cast<const char*>(from), from_pitch, width, rows},
        kind);
  });
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}
/// To the device: back as soon as it is staged. To the host: when it is done.
cudaError_t cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                         std::size_t width, std::size_t rows, cudaMemcpyKind kind) {
  if (std::max(to_pitch, from_pitch) > std::size_t{kMaxPitch}) return cudaErrorInvalidPitchValue;
  return cudaMemcpy2DAsync(to, to_pitch, from, from_pitch, width, rows, kind, cudaStreamLegacy);
}
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, cudaStreamLegacy);
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  return act([&](Runtime& runtime) {
    runtime.give(runtime.stream(stream), {[=] { std::memset(memory, value, bytes); }});
  });
}
cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  return cudaMemsetAsync(memory, value, bytes, cudaStreamLegacy);
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
  return act([&](Runtime& runtime) {
    runtime.stream(stream).capture = {.graph = std::make_shared<HostGraph>()};
  });
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* out) {
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
