// Philox4x32-10 in vectors for one instruction set. Include only inside a foreach_target
// translation unit.
#if defined(HELMHOLTZ_SIMD_PHILOX_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef HELMHOLTZ_SIMD_PHILOX_INL
#undef HELMHOLTZ_SIMD_PHILOX_INL
#else
#define HELMHOLTZ_SIMD_PHILOX_INL
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "helmholtz/contract.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
/// One 32-bit lane; only the low half counts.
struct SplitLanes {
  std::uint64_t lane;

  static HWY_INLINE SplitLanes split(FloatOps::U x) { return {hn::GetLane(x)}; }
  static HWY_INLINE SplitLanes broadcast(std::uint32_t x) { return {x}; }
  [[nodiscard]] HWY_INLINE FloatOps::U joined() const {
    return FloatOps::set_bits(static_cast<std::uint32_t>(lane));
  }
  /// The 64-bit product with a constant.
  [[nodiscard]] HWY_INLINE SplitLanes times(std::uint32_t multiplier) const {
    return {(lane & 0xFFFFFFFFU) * multiplier};
  }
  [[nodiscard]] HWY_INLINE SplitLanes high() const { return {lane >> 32U}; }
};

HWY_INLINE SplitLanes xor2(const SplitLanes& a, const SplitLanes& b) { return {a.lane ^ b.lane}; }
HWY_INLINE SplitLanes xor3(const SplitLanes& a, const SplitLanes& b, const SplitLanes& c) {
  return {a.lane ^ b.lane ^ c.lane};
}
#else
/// 32-bit lanes as two vectors of 64-bit lanes, even lanes and odd lanes apart, so that one
/// instruction multiplies to 64 bits. Only the low half of a 64-bit lane counts.
struct SplitLanes {
  using DU = FloatOps::DU;
  using DW = hn::RepartitionToWide<DU>;
  using W = hn::Vec<DW>;

  W even;
  W odd;

  static HWY_INLINE SplitLanes split(FloatOps::U x) {
    const auto wide = hn::BitCast(DW(), x);
    return {wide, hn::ShiftRight<32>(wide)};
  }
  static HWY_INLINE SplitLanes broadcast(std::uint32_t x) {
    const auto wide = hn::Set(DW(), x);
    return {wide, wide};
  }
  [[nodiscard]] HWY_INLINE FloatOps::U joined() const {
    return hn::OddEven(hn::BitCast(DU(), hn::ShiftLeft<32>(odd)), hn::BitCast(DU(), even));
  }
  /// The 64-bit products with a constant.
  [[nodiscard]] HWY_INLINE SplitLanes times(std::uint32_t multiplier) const {
    const auto m = hn::BitCast(DU(), hn::Set(DW(), multiplier));
    return {hn::MulEven(hn::BitCast(DU(), even), m), hn::MulEven(hn::BitCast(DU(), odd), m)};
  }
  [[nodiscard]] HWY_INLINE SplitLanes high() const {
    return {hn::ShiftRight<32>(even), hn::ShiftRight<32>(odd)};
  }
};

HWY_INLINE SplitLanes xor2(const SplitLanes& a, const SplitLanes& b) {
  return {hn::Xor(a.even, b.even), hn::Xor(a.odd, b.odd)};
}
HWY_INLINE SplitLanes xor3(const SplitLanes& a, const SplitLanes& b, const SplitLanes& c) {
  return {hn::Xor3(a.even, b.even, c.even), hn::Xor3(a.odd, b.odd, c.odd)};
}
#endif

/// The keys of all rounds, for a vector of seeds or for one seed.
struct PhiloxKeys {
  SplitLanes k0[Philox4x32::kRounds];
  SplitLanes k1[Philox4x32::kRounds];

  HWY_INLINE PhiloxKeys(FloatOps::U seed_low, FloatOps::U seed_high) {
    for (int round = 0; round < Philox4x32::kRounds; ++round) {
      k0[round] = SplitLanes::split(seed_low);
      k1[round] = SplitLanes::split(seed_high);
      seed_low = hn::Add(seed_low, FloatOps::set_bits(Philox4x32::kWeyl0));
      seed_high = hn::Add(seed_high, FloatOps::set_bits(Philox4x32::kWeyl1));
    }
  }

  /// Even and odd lanes are the same here, and take one register.
  HWY_INLINE explicit PhiloxKeys(std::uint64_t seed) {
    auto low = static_cast<std::uint32_t>(seed);
    auto high = static_cast<std::uint32_t>(seed >> 32U);
    for (int round = 0; round < Philox4x32::kRounds; ++round) {
      k0[round] = SplitLanes::broadcast(low);
      k1[round] = SplitLanes::broadcast(high);
      low += Philox4x32::kWeyl0;
      high += Philox4x32::kWeyl1;
    }
  }
};

struct PhiloxCounter {
  SplitLanes c0, c1, c2, c3;
};

HWY_INLINE PhiloxCounter philox_round(const PhiloxCounter& c, const PhiloxKeys& keys, int round) {
  const auto product0 = c.c0.times(Philox4x32::kMultiplier0);
  const auto product1 = c.c2.times(Philox4x32::kMultiplier1);
  return {xor3(product1.high(), c.c1, keys.k0[round]), product1,
          xor3(product0.high(), c.c3, keys.k1[round]), product0};
}

/// Rounds first to 9, then the four words of each lane.
template <int first>
HWY_INLINE void philox_rounds(PhiloxCounter c, const PhiloxKeys& keys,
                              FloatOps::U* HWY_RESTRICT words) {
#pragma GCC unroll 16
  for (int round = first; round < Philox4x32::kRounds; ++round) {
    c = philox_round(c, keys, round);
  }
  words[0] = c.c0.joined();
  words[1] = c.c1.joined();
  words[2] = c.c2.joined();
  words[3] = c.c3.joined();
}

/// The four words of each lane's counter.
HWY_INLINE void philox(const PhiloxCounter& c, const PhiloxKeys& keys,
                       FloatOps::U* HWY_RESTRICT words) {
  philox_rounds<0>(c, keys, words);
}

/// A 64-bit product of numbers that are the same in every lane.
struct UniformProduct {
  std::uint32_t low;
  std::uint32_t high;

  HWY_INLINE UniformProduct(std::uint32_t a, std::uint32_t b)
      : low(static_cast<std::uint32_t>(std::uint64_t{a} * b)),
        high(static_cast<std::uint32_t>((std::uint64_t{a} * b) >> 32U)) {}
};

/// The four words of a block, lane = machine: the counter is the same in every lane, so the first
/// round's products are scalar.
HWY_INLINE void philox_block(const PhiloxKeys& keys, std::uint64_t block, std::uint32_t row,
                             RandomPurpose purpose, FloatOps::U* HWY_RESTRICT words) {
  const UniformProduct product0(static_cast<std::uint32_t>(block), Philox4x32::kMultiplier0);
  const UniformProduct product1(row, Philox4x32::kMultiplier1);
  const auto high = static_cast<std::uint32_t>(block >> 32U);
  philox_rounds<1>(
      {xor2(SplitLanes::broadcast(product1.high ^ high), keys.k0[0]),
       SplitLanes::broadcast(product1.low),
       xor2(SplitLanes::broadcast(product0.high ^ static_cast<std::uint32_t>(purpose)), keys.k1[0]),
       SplitLanes::broadcast(product0.low)},
      keys, words);
}

/// What a block's number contributes to the first two rounds of one machine, lane = batch row or
/// sample. Each product of these rounds is of the block or of the row, never of both.
struct PhiloxBlock {
  SplitLanes c0, c1, c2;  ///< c0 and c2 are still to be mixed with the row's

  HWY_INLINE PhiloxBlock(std::uint64_t seed, RandomPurpose purpose, std::uint64_t block) {
    const auto seed_low = static_cast<std::uint32_t>(seed);
    const auto seed_high = static_cast<std::uint32_t>(seed >> 32U);
    const UniformProduct first(static_cast<std::uint32_t>(block), Philox4x32::kMultiplier0);
    const UniformProduct second(first.high ^ static_cast<std::uint32_t>(purpose) ^ seed_high,
                                Philox4x32::kMultiplier1);
    c0 = SplitLanes::broadcast(second.high ^ (seed_low + Philox4x32::kWeyl0));
    c1 = SplitLanes::broadcast(second.low);
    c2 = SplitLanes::broadcast(first.low ^ (seed_high + Philox4x32::kWeyl1));
  }
};

/// What a vector of rows contributes to the same two rounds.
struct PhiloxRows {
  SplitLanes first, second;  ///< products

  PhiloxRows() = default;
  /// @param block_high  upper half of the block's number
  HWY_INLINE PhiloxRows(std::uint64_t seed, FloatOps::U rows, std::uint32_t block_high)
      : first(SplitLanes::split(rows).times(Philox4x32::kMultiplier1)) {
    const auto uniform = SplitLanes::broadcast(block_high ^ static_cast<std::uint32_t>(seed));
    second = xor2(first.high(), uniform).times(Philox4x32::kMultiplier0);
  }
};

/// The four words of a block for each row; `keys` are those of the machine's seed.
HWY_INLINE void philox_rows(const PhiloxBlock& block, const PhiloxRows& rows,
                            const PhiloxKeys& keys, FloatOps::U* HWY_RESTRICT words) {
  philox_rounds<2>(
      {xor2(rows.first, block.c0), block.c1, xor2(rows.second.high(), block.c2), rows.second}, keys,
      words);
}

}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // HELMHOLTZ_SIMD_PHILOX_INL
