#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "kernels/runtime/cuda_status.hpp"

namespace helmholtz::cuda {

/// Owns elements of the host's memory, zero at first, that copies of streams reach while the host
/// goes on: pinned memory. Where the system pins no more, plain memory, from which copies are
/// slower.
template <class T>
class HostArray {
 public:
  HostArray() = default;
  explicit HostArray(std::size_t size) : size_(size) {
    void* pinned = nullptr;
    if (cudaHostAlloc(&pinned, size * sizeof(T), cudaHostAllocDefault) == cudaSuccess) {
      pinned_.reset(static_cast<T*>(pinned));
      std::uninitialized_fill_n(pinned_.get(), size, T());
    } else {
      static_cast<void>(cudaGetLastError());
      plain_.resize(size);
    }
  }

  [[nodiscard]] T* get() noexcept { return pinned_ ? pinned_.get() : plain_.data(); }
  [[nodiscard]] const T* get() const noexcept { return pinned_ ? pinned_.get() : plain_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Free {
    void operator()(T* pinned) const noexcept { static_cast<void>(cudaFreeHost(pinned)); }
  };

  std::unique_ptr<T[], Free> pinned_;
  std::vector<T> plain_;
  std::size_t size_ = 0;
};

}  // namespace helmholtz::cuda
