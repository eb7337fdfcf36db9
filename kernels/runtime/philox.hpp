#pragma once

#include <cstdint>

#include "kernels/runtime/float_ops.hpp"

namespace helmholtz::cuda {

/// Philox4x32-10 for one machine, at the addresses of helmholtz/random.hpp.
class Philox : Philox4x32 {
 public:
  HELMHOLTZ_DEVICE explicit Philox(std::uint64_t seed)
      : key0_(static_cast<std::uint32_t>(seed)), key1_(static_cast<std::uint32_t>(seed >> 32U)) {}

  /// The words of one block of the stream (purpose, row), [4].
  HELMHOLTZ_DEVICE void block(std::uint64_t number, std::uint32_t row, RandomPurpose purpose,
                              std::uint32_t* words) const {
    blocks<1>(static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32U), row,
              purpose, words);
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
