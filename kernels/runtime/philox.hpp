#pragma once

#include <cstdint>

#include "kernels/runtime/float_ops.hpp"

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)
#define HELMHOLTZ_CURAND
#endif
#ifdef HELMHOLTZ_CURAND
#include <curand_kernel.h>
#endif

namespace helmholtz::cuda {

/// Philox4x32-10 for one machine, at the addresses of helmholtz/random.hpp. A single block is drawn
/// by cuRAND where nvcc compiles, and by blocks() on the host and in NVRTC's kernels, which have no
/// cuRAND header.
class Philox : Philox4x32 {
 public:
  HELMHOLTZ_DEVICE explicit Philox(std::uint64_t seed)
      : key0_(static_cast<std::uint32_t>(seed)), key1_(static_cast<std::uint32_t>(seed >> 32U)) {}

  /// The words of one block of the stream (purpose, row), [4]. @param number  below 2^62
  HELMHOLTZ_DEVICE void block(std::uint64_t number, std::uint32_t row, RandomPurpose purpose,
                              std::uint32_t* words) const {
#ifdef HELMHOLTZ_CURAND
    const auto seed = std::uint64_t{key1_} << 32U | key0_;
    const auto stream = std::uint64_t{static_cast<std::uint32_t>(purpose)} << 32U | row;
    curandStatePhilox4_32_10_t state;
    curand_init(seed, stream, 4 * number, &state);  // whole blocks: nothing is left of the skip
    const uint4 drawn = curand4(&state);
    words[0] = drawn.x;
    words[1] = drawn.y;
    words[2] = drawn.z;
    words[3] = drawn.w;
#else
    blocks<1>(static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32U), row,
              purpose, words);
#endif
  }

  /// The words of blocks [low, low + n) of the stream (purpose, row), [4 n]; all have the same
  /// upper half. They go through the rounds together, so that what they share is computed once.
  template <int n>
  HELMHOLTZ_DEVICE void blocks(std::uint32_t low, std::uint32_t high, std::uint32_t row,
                               RandomPurpose purpose, std::uint32_t* words) const {
    repeat<n>([&](int b) HELMHOLTZ_DEVICE_BODY {
      words[4 * b] = low + static_cast<std::uint32_t>(b);
      words[4 * b + 1] = high;
      words[4 * b + 2] = row;
      words[4 * b + 3] = static_cast<std::uint32_t>(purpose);
    });
    auto k0 = key0_;
    auto k1 = key1_;
    repeat<kRounds>([&](int) HELMHOLTZ_DEVICE_BODY {
      repeat<n>([&](int b) HELMHOLTZ_DEVICE_BODY { round<n>(words + 4 * b, k0, k1); });
      k0 += kWeyl0;
      k1 += kWeyl1;
    });
  }

 private:
  /// Both halves of a * b: a single instruction of the device gives them.
  struct Halves {
    std::uint32_t low;
    std::uint32_t high;
  };
  template <int n>
  static HELMHOLTZ_DEVICE Halves multiply(std::uint32_t a, std::uint32_t b) {
#ifdef __CUDACC__
    // Written as a 64-bit product, it takes the compiler through 64 bits for all that follows: in
    // one block alone a fifth more instructions, in many at a time none.
    if constexpr (n == 1) return {a * b, __umulhi(a, b)};
#endif
    const auto product = std::uint64_t{a} * b;
    return {static_cast<std::uint32_t>(product), static_cast<std::uint32_t>(product >> 32U)};
  }

  template <int n>
  static HELMHOLTZ_DEVICE void round(std::uint32_t* c, std::uint32_t k0, std::uint32_t k1) {
    const auto product0 = multiply<n>(kMultiplier0, c[0]);
    const auto product1 = multiply<n>(kMultiplier1, c[2]);
    c[0] = product1.high ^ c[1] ^ k0;
    c[1] = product1.low;
    c[2] = product0.high ^ c[3] ^ k1;
    c[3] = product0.low;
  }

  std::uint32_t key0_;
  std::uint32_t key1_;
};

}  // namespace helmholtz::cuda
