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

/// Owns `size` elements of the current device's memory.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size) : size_(size) {
    if (size == 0) return;
    void* data = nullptr;
    HELMHOLTZ_CUDA_CHECK(cudaMalloc(&data, size * sizeof(T)));
    data_.reset(static_cast<T*>(data));
  }
  /// A copy of the host's elements.
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) { copy_in(values); }

  [[nodiscard]] T* get() const noexcept { return data_.get(); }
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
    HELMHOLTZ_CUDA_CHECK(cudaMemset(get(), 0, size_ * sizeof(T)));
    finish_copies();
  }

 private:
  std::unique_ptr<T[], Destroy<cudaFree>> data_;
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
