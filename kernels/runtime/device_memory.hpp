#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "kernels/runtime/cuda_status.hpp"
#include "kernels/runtime/owner.hpp"

namespace helmholtz::cuda {

/// Waits for copies to the device: cudaMemcpy returns when a small one is staged, and streams do
/// not wait for the default one, which carries it out.
inline void finish_copies() { HELMHOLTZ_CUDA_CHECK(cudaStreamSynchronize(cudaStreamLegacy)); }

/// Frees what allocate_on_device() gave. Work of streams that uses it must be over: nothing waits.
struct FreeOnDevice {
  int device = 0;
  bool pooled = false;
  void operator()(void* memory) const noexcept;
};
using DeviceMemory = std::unique_ptr<void, FreeOnDevice>;

/// Memory of the current device; from its pool, which keeps what is freed, if it has one:
/// cudaMalloc and cudaFree would wait for what other trainers have launched.
/// @throws AllocationFailure
DeviceMemory allocate_on_device(std::size_t bytes);

/// Bytes of the current device that are free or that its pool keeps.
std::size_t free_memory();

/// Owns `size` elements of the current device's memory. Work of streams that uses them must be over
/// before they go.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size) : size_(size) {
    if (size > 0) data_ = allocate_on_device(size * sizeof(T));
  }
  /// A copy of the host's elements.
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) { copy_in(values); }

  [[nodiscard]] T* get() const noexcept { return static_cast<T*>(data_.get()); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Room for so many elements at least; what they were is lost where there was less.
  void reserve(std::size_t size) {
    if (size_ >= size) return;
    *this = DeviceArray();
    *this = DeviceArray(size);
  }

  /// Blocking copies between the host and the first elements; work of streams that touches them
  /// must be over.
  void copy_in(std::span<const T> values) {
    if (values.empty()) return;
    HELMHOLTZ_CUDA_CHECK(
        cudaMemcpy(get(), values.data(), values.size_bytes(), cudaMemcpyHostToDevice));
    finish_copies();
  }
  void copy_out(std::span<T> values) const {
    if (values.empty()) return;
    HELMHOLTZ_CUDA_CHECK(
        cudaMemcpy(values.data(), get(), values.size_bytes(), cudaMemcpyDeviceToHost));
  }
  void clear() {
    if (size_ == 0) return;
    HELMHOLTZ_CUDA_CHECK(cudaMemsetAsync(get(), 0, size_ * sizeof(T), cudaStreamLegacy));
    finish_copies();
  }

 private:
  DeviceMemory data_;
  std::size_t size_ = 0;
};

/// Owns elements of the host's memory, zero at first, that copies of streams reach while the host
/// goes on: pinned memory. Where the system pins no more, plain memory, from which copies are
/// slower.
template <class T>
class HostArray {
 public:
  HostArray() = default;
  explicit HostArray(std::size_t size) {
    void* pinned = nullptr;
    if (cudaHostAlloc(&pinned, size * sizeof(T), cudaHostAllocDefault) == cudaSuccess) {
      data_ = Data(static_cast<T*>(pinned), [](T* data) { static_cast<void>(cudaFreeHost(data)); });
    } else {
      static_cast<void>(cudaGetLastError());
      data_ = Data(new T[size], [](T* data) { delete[] data; });
    }
    std::fill_n(get(), size, T());
  }
  [[nodiscard]] T* get() const noexcept { return data_.get(); }

 private:
  using Data = std::unique_ptr<T[], void (*)(T*)>;
  Data data_{nullptr, nullptr};
};

}  // namespace helmholtz::cuda
