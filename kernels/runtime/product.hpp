#pragma once

#include <cstdint>

namespace helmholtz::cuda {

/// How weights and errors enter a product with units; sums are float32 throughout. Numbers as in
/// helmholtz_math.
enum class Math {
  fp32 = 0,    ///< as they are
  tf32 = 1,    ///< rounded to 11 significant bits
  bf16x3 = 2,  ///< as sums of three bfloat16, which lose nothing; units are bfloat16 too
};

/// c = a b + beta c, or a^T b + beta c, for `count` machines side by side: matrices as BLAS has
/// them, column-major; c is [rows x columns], and `inner` is summed over.
struct Product {
  bool transpose_a = false;
  int rows = 0;
  int columns = 0;
  int inner = 0;
  const void* a = nullptr;  ///< floats, or bfloat16 with Math::bf16x3
  const void* b = nullptr;  ///< as a
  float* c = nullptr;
  int a_stride = 0;  ///< elements from one column to the next
  int b_stride = 0;
  int c_stride = 0;
  std::int64_t a_machine = 0;  ///< elements from one machine to the next
  std::int64_t b_machine = 0;
  std::int64_t c_machine = 0;
  float beta = 0;
  int count = 1;
};

}  // namespace helmholtz::cuda
