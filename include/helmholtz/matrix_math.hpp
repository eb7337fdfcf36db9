#pragma once

#include <string_view>

namespace helmholtz {

/// How cuda-layered multiplies weights and errors with units, which are 0 or 1. Sums are float32.
enum class MatrixMath {
  fp32,    ///< float32
  tf32,    ///< on tensor cores, weights and errors rounded to 11 significant bits
  bf16x3,  ///< on tensor cores, weights and errors as sums of three bfloat16, which lose nothing
};

/// Reads "fp32", "tf32" or "bf16x3". @throws InvalidArgument (field "math")
MatrixMath parse_matrix_math(std::string_view text);
std::string_view to_string(MatrixMath math);

}  // namespace helmholtz
