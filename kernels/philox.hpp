#pragma once

#include <cstdint>

#include "float_ops.hpp"

namespace helmholtz::cuda {

/// Philox4x32-10 (Salmon et al. 2011) for one machine, at the addresses of helmholtz/random.hpp.
class Philox {
 public:
  HELMHOLTZ_DEVICE explicit Philox(std::uint64_t seed)
      : key0_(static_cast<std::uint32_t>(seed)), key1_(static_cast<std::uint32_t>(seed >> 32U)) {}

  /// The words of blocks low to low+n-1 of the stream (purpose, row), [4 n]; all have the same
  /// upper half. They go through the rounds together, so that what they share is computed once.
  template <int n>
  HELMHOLTZ_DEVICE void blocks(std::uint32_t low, std::uint32_t high, std::uint32_t row,
                               std::uint32_t purpose, std::uint32_t* words) const {
    repeat<n>([&](int b) HELMHOLTZ_DEVICE_BODY {
      words[4 * b] = low + static_cast<std::uint32_t>(b);
      words[4 * b + 1] = high;
      words[4 * b + 2] = row;
      words[4 * b + 3] = purpose;
    });
    auto k0 = key0_;
    auto k1 = key1_;
    repeat<kRounds>([&](int) HELMHOLTZ_DEVICE_BODY {
      repeat<n>([&](int b) HELMHOLTZ_DEVICE_BODY { round(words + 4 * b, k0, k1); });
      k0 += kWeyl0;
      k1 += kWeyl1;
    });
  }

 private:
  static HELMHOLTZ_DEVICE void round(std::uint32_t* c, std::uint32_t k0, std::uint32_t k1) {
    // One 64-bit product each: a single instruction gives both halves.
    const auto product0 = std::uint64_t{kMultiplier0} * c[0];
    const auto product1 = std::uint64_t{kMultiplier1} * c[2];
    c[0] = static_cast<std::uint32_t>(product1 >> 32U) ^ c[1] ^ k0;
    c[1] = static_cast<std::uint32_t>(product1);
    c[2] = static_cast<std::uint32_t>(product0 >> 32U) ^ c[3] ^ k1;
    c[3] = static_cast<std::uint32_t>(product0);
  }

  static constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
  static constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
  static constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
  static constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
  static constexpr int kRounds = 10;

  std::uint32_t key0_;
  std::uint32_t key1_;
};

}  // namespace helmholtz::cuda
