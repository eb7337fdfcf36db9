#pragma once

#include <cstddef>
#include <cstdint>

/// What importance sampling does to each unit, between two matrix products. SIMD, lane = column of
/// a tile, a particle of a data row. The instruction set is chosen at run time and does not change
/// the bits.
namespace helmholtz::simd {

/// Columns are padded to this many; what padding holds is arbitrary, but finite.
inline constexpr std::size_t kColumns = 16;

/// Where the draws of a tile's columns are (random.hpp, purpose importance).
struct ParticleDraws {
  std::uint64_t seed = 0;
  const std::uint32_t* particles = nullptr;    ///< [columns], k
  const std::uint32_t* blocks_low = nullptr;   ///< [columns], of the row's first block
  const std::uint32_t* blocks_high = nullptr;  ///< [columns]
};

/// -ln of the probability of a column's states, unit by unit: ln sigma(a) = -ln D and
/// ln(1 - sigma(a)) = -(a + ln D) with D = 1 + exp(-a). The product of all D is kept as a mantissa
/// in [1, 2) and an exponent, so that one logarithm does for all units.
struct Scores {
  float* mantissas = nullptr;          ///< [columns], from 1
  std::uint32_t* exponents = nullptr;  ///< [columns], from 0
  double* activities = nullptr;  ///< [columns], from 0: the sum of a over the units that are 0
};

/// One layer's units over the columns of a tile.
struct LayerColumns {
  std::size_t units = 0;
  std::size_t columns = 0;         ///< a multiple of kColumns, and the stride of both matrices
  const float* bias = nullptr;     ///< [units]
  float* activities = nullptr;     ///< [units x columns], aligned to 64 bytes, without the bias
  const float* states = nullptr;   ///< [units x columns], 0 or 1; sample_columns: not read
  std::uint32_t* words = nullptr;  ///< [packed_words(units) x columns], of sample_columns' states
};

/// Adds the scores of given states.
void score_columns(const LayerColumns& layer, const Scores& scores);

/// Activities become sampled states, also as words of 32 units, and their scores are added. The
/// layer's first unit draws slot `slot`.
void sample_columns(const LayerColumns& layer, const ParticleDraws& draws, std::size_t slot,
                    const Scores& scores);

/// x[c] becomes portable::log(x[c]), of normal x > 0, or portable::exp(x[c]).
/// @param x  [columns], aligned to 64 bytes; columns: a multiple of kColumns
void take_logarithms(double* x, std::size_t columns);
void take_exponentials(double* x, std::size_t columns);

}  // namespace helmholtz::simd
