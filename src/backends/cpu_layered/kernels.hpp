#pragma once

#include <cstddef>
#include <cstdint>

#include "backends/cpu_layered/matrix.hpp"

/// What a training step does to each unit, between two BLAS calls. SIMD, lane = unit; the
/// instruction set is chosen at run time and does not change the bits.
namespace helmholtz::cpu_layered::kernels {

/// Where the draws of a tile are (random.hpp): row r, column j takes slot `slot + j` of batch row
/// `first_row + r`, with the slots of the step starting at `first_block`.
struct TileDraws {
  std::uint64_t seed = 0;
  std::uint64_t first_block = 0;
  std::uint64_t slot = 0;
  std::uint32_t first_row = 0;
};

/// Activities without bias, [rows x columns], with at most kTileColumns columns, become the
/// sampled units, 0 or 1.
void sample(const Matrix& activities, const float* bias, const TileDraws& draws);

/// Activities without bias become the errors target - p. The targets have the activities' stride.
void subtract_from(const float* targets, const Matrix& activities, const float* bias);

/// bias[j] += rate * sum over rows of errors[row][j], rows in order.
void learn_bias(float rate, const ConstMatrix& errors, float* bias);

/// Negative entries become 0.
void clamp_negative(const Matrix& weights);

/// out[i] = bit first + i of a packed pattern (world.hpp), 0 or 1, for i < count; `first` is a
/// multiple of 32.
void unpack_bits(const std::uint32_t* words, std::size_t first, std::size_t count, float* out);

}  // namespace helmholtz::cpu_layered::kernels
