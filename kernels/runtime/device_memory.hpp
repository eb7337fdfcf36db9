#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "kernels/runtime/cuda_status.hpp"

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
    if (size > 0) {
      HELMHOLTZ_CUDA_CHECK(cudaMalloc(reinterpret_cast<void**>(&data_), size * sizeof(T)));
    }
  }
  /// A copy of the host's elements.
  explicit DeviceArray(std::span<const T> values) : DeviceArray(values.size()) { copy_in(values); }
  ~DeviceArray() { static_cast<void>(cudaFree(data_)); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  [[nodiscard]] T* get() const noexcept { return data_; }
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
        cudaMemcpy(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice));
    finish_copies();
  }
  void copy_out(std::span<T> values) const {
    if (values.empty()) return;
    HELMHOLTZ_CUDA_CHECK(
        cudaMemcpy(values.data(), data_, values.size_bytes(), cudaMemcpyDeviceToHost));
  }
  void clear() {
    if (size_ == 0) return;
    HELMHOLTZ_CUDA_CHECK(cudaMemset(data_, 0, size_ * sizeof(T)));
    finish_copies();
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace helmholtz::cuda
