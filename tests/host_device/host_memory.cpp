// The memory of the stand-in runtime, and copies.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "host_device/host_calls.hpp"

namespace helmholtz::testing {

namespace {

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

}  // namespace helmholtz::testing

using namespace helmholtz::testing;  // NOLINT: CUDA's functions are in no namespace

extern "C" {

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return act([&](Runtime& runtime) {
    *free = runtime.free_bytes(current_device);
    *total = runtime.capacity();
  });
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

}  // extern "C"
