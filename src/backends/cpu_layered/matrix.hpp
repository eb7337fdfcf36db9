#pragma once

#include <cstddef>

namespace helmholtz::cpu_layered {

/// A row-major matrix in memory that someone else owns; rows are `stride` floats apart.
struct Matrix {
  float* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;
};

/// The same, read only.
struct ConstMatrix {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stride = 0;

  ConstMatrix(const float* d, std::size_t r, std::size_t c, std::size_t s)
      : data(d), rows(r), columns(c), stride(s) {}
  ConstMatrix(const Matrix& m)  // NOLINT: a view of the same memory
      : ConstMatrix(m.data, m.rows, m.columns, m.stride) {}
};

}  // namespace helmholtz::cpu_layered
