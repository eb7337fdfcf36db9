#pragma once

#include <cstddef>

namespace helmholtz {

/// A row-major matrix in memory that someone else owns; rows are `stride` floats apart.
template <class Float>
struct MatrixView {
  Float* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;
};
using ConstMatrix = MatrixView<const float>;

struct Matrix : MatrixView<float> {
  operator ConstMatrix() const { return {data, rows, columns, stride}; }  // NOLINT: the same memory
};

}  // namespace helmholtz
