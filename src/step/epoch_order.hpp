#pragma once

#include <cstdint>

/// In which order rows are visited, epoch after epoch, for host and device.
namespace helmholtz::step {

/// A bijection of [0, rows) that keys choose: VariablePhilox of Mitchell, Stokes, Frank & Holmes
/// 2022, "Bandwidth-optimal random shuffling for GPUs" (ACM TOPC 9:1), as Thrust has it: a Feistel
/// network on the fewest bits that number the rows, whose halves may differ by a bit; what falls
/// outside of [0, rows) is mapped again until it falls inside (cycle walking).
class EpochOrder {
 public:
  static constexpr int kRounds = 24;
  static constexpr int kBlocks = kRounds / 4;  ///< of Philox, for the keys of an epoch

  /// @param rows  1 to 2^31
  constexpr explicit EpochOrder(std::uint64_t rows) : rows_(rows) {
    constexpr int kFewestBits = 4;
    int bits = kFewestBits;
    while ((std::uint64_t{1} << bits) < rows) ++bits;
    left_bits_ = bits / 2;
    right_bits_ = bits - left_bits_;
  }

  /// The epoch that a visit belongs to. @param visit  step * batch + batch row
  [[nodiscard]] constexpr std::uint64_t epoch(std::uint64_t visit) const { return visit / rows_; }
  /// The first of the kBlocks Philox blocks of an epoch's keys: purpose epoch_order, row 0.
  static constexpr std::uint64_t first_block(std::uint64_t epoch) { return epoch * kBlocks; }

  /// The row of a visit. @param keys  (b, words) writes block b of its epoch's keys to words [4]
  template <class Keys>
  [[nodiscard]] constexpr std::uint32_t row(std::uint64_t visit, Keys keys) const {
    auto index = static_cast<std::uint32_t>(visit % rows_);
    do {
      index = mapped(index, keys);
    } while (index >= rows_);
    return index;
  }

 private:
  /// Of [0, 2^bits). A round multiplies by an odd number, so that its low bits are a bijection of
  /// the left half, and mixes the high ones with the key into the right half.
  template <class Keys>
  [[nodiscard]] constexpr std::uint32_t mapped(std::uint32_t index, Keys keys) const {
    constexpr std::uint64_t kMultiplier = 0xD2B74407B1CE6E93U;
    auto left = index >> right_bits_;
    auto right = index & mask(right_bits_);
    for (int b = 0; b < kBlocks; ++b) {
      std::uint32_t words[4] = {};
      keys(b, words);
      for (const auto key : words) {
        const auto product = kMultiplier * left;
        const auto high = static_cast<std::uint32_t>(product >> 32U);
        const auto low = static_cast<std::uint32_t>(product);
        left = (high ^ key ^ right) & mask(left_bits_);
        right = (low << (right_bits_ - left_bits_) | right >> left_bits_) & mask(right_bits_);
      }
    }
    return left << right_bits_ | right;
  }
  static constexpr std::uint32_t mask(int bits) { return (std::uint32_t{1} << bits) - 1; }

  std::uint64_t rows_;
  int left_bits_ = 0;
  int right_bits_ = 0;
};

}  // namespace helmholtz::step
