#include "kernels/runtime/device_memory.hpp"

#include <cstdint>
#include <limits>

namespace helmholtz::cuda {

namespace {

/// The device's own pool, or null if it has none.
cudaMemPool_t pool_of(int device) {
  int supported = 0;
  HELMHOLTZ_CUDA_CHECK(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device));
  if (supported == 0) return nullptr;
  cudaMemPool_t pool = nullptr;
  HELMHOLTZ_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device));
  return pool;
}

void* allocate_from(cudaMemPool_t pool, std::size_t bytes) {
  auto keep = std::numeric_limits<std::uint64_t>::max();
  HELMHOLTZ_CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
  void* memory = nullptr;
  auto status = cudaMallocAsync(&memory, bytes, cudaStreamLegacy);
  if (status == cudaErrorMemoryAllocation) {  // what the pool keeps may lie in pieces
    static_cast<void>(cudaGetLastError());
    finish_copies();
    HELMHOLTZ_CUDA_CHECK(cudaMemPoolTrimTo(pool, 0));
    status = cudaMallocAsync(&memory, bytes, cudaStreamLegacy);
  }
  check(status, "cudaMallocAsync", __FILE_NAME__, __LINE__);
  finish_copies();  // other streams may use it from here on
  return memory;
}

std::uint64_t attribute_of(cudaMemPool_t pool, cudaMemPoolAttr attribute) {
  std::uint64_t value = 0;
  HELMHOLTZ_CUDA_CHECK(cudaMemPoolGetAttribute(pool, attribute, &value));
  return value;
}

}  // namespace

DeviceMemory allocate_on_device(std::size_t bytes) {
  int device = 0;
  HELMHOLTZ_CUDA_CHECK(cudaGetDevice(&device));
  if (auto* const pool = pool_of(device)) {
    return {allocate_from(pool, bytes), {.device = device, .pooled = true}};
  }
  void* memory = nullptr;
  HELMHOLTZ_CUDA_CHECK(cudaMalloc(&memory, bytes));
  return {memory, {.device = device, .pooled = false}};
}

void FreeOnDevice::operator()(void* memory) const noexcept {
  if (!pooled) return static_cast<void>(cudaFree(memory));
  static_cast<void>(cudaSetDevice(device));  // whose default stream the order is of
  static_cast<void>(cudaFreeAsync(memory, cudaStreamLegacy));
}

std::size_t free_memory() {
  std::size_t free = 0;
  std::size_t total = 0;
  HELMHOLTZ_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  int device = 0;
  HELMHOLTZ_CUDA_CHECK(cudaGetDevice(&device));
  auto* const pool = pool_of(device);
  if (pool == nullptr) return free;
  return free + attribute_of(pool, cudaMemPoolAttrReservedMemCurrent) -
         attribute_of(pool, cudaMemPoolAttrUsedMemCurrent);
}

}  // namespace helmholtz::cuda
