#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/runtime/portable.hpp"

namespace helmholtz::cuda {

/// Something of every machine side by side: x[i] of this machine is stride after x[i - 1].
template <class T>
struct Strided {
  T* base;
  std::uint32_t stride;
  HELMHOLTZ_DEVICE T& operator[](int i) const { return base[static_cast<std::size_t>(i) * stride]; }
  HELMHOLTZ_DEVICE Strided operator+(int n) const { return {&(*this)[n], stride}; }
  [[nodiscard]] HELMHOLTZ_DEVICE T load(std::size_t k) const { return base[k * stride]; }
  HELMHOLTZ_DEVICE void store(std::size_t k, T x) const { base[k * stride] = x; }
};

}  // namespace helmholtz::cuda
