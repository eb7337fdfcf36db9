#pragma once

#include <cstdint>

/// How a visit draws the bits of a grey row, for host and device.
namespace helmholtz {

/// Whether a random word turns a unit on that is 1 with probability k/255: if it is below
/// floor(k 2^32 / 255) = k (2^32 - 1) / 255 + floor(k / 255), whose first term is an integer.
constexpr bool grey_is_on(std::uint8_t k, std::uint32_t word) {
  return k == 255 || word < k * 0x01010101U;
}

/// The 32 units of a row from 32 * w on, as this visit draws them.
/// @param row     [units]
/// @param visit   step * batch + batch row
/// @param blocks  (b, words) writes Philox block b to words [4]: purpose binarisation, row 0
template <class Blocks>
constexpr std::uint32_t drawn_grey_word(const std::uint8_t* row, int units, std::uint64_t visit,
                                        int w, Blocks blocks) {
  const auto first_block = visit * static_cast<std::uint64_t>((units + 3) / 4);
  const int first = 32 * w;
  const int end = units < first + 32 ? units : first + 32;
  std::uint32_t bits = 0;
  for (int unit = first; unit < end; unit += 4) {
    std::uint32_t words[4] = {};
    blocks(first_block + static_cast<std::uint64_t>(unit / 4), words);
    for (int i = 0; i < 4 && unit + i < end; ++i) {
      bits |= (grey_is_on(row[unit + i], words[i]) ? 1U : 0U) << (unit + i - first);
    }
  }
  return bits;
}

}  // namespace helmholtz
