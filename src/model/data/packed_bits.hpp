#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

/// Bits as Rows packs them.
namespace helmholtz::data {

/// Appends a row, each unit 0 or 1.
inline void append_packed(std::span<const std::uint8_t> units, std::vector<std::uint32_t>& words) {
  constexpr std::uint64_t kGather = 0x0102040810204080;  // bit 0 of byte i to bit 56 + i
  for (std::size_t first = 0; first < units.size(); first += 32) {
    std::uint32_t word = 0;
    const auto part = units.subspan(first, std::min<std::size_t>(32, units.size() - first));
    for (std::size_t i = 0; i < part.size(); i += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, part.data() + i, std::min<std::size_t>(8, part.size() - i));
      word |= static_cast<std::uint32_t>(eight * kGather >> 56U) << i;
    }
    words.push_back(word);
  }
}

}  // namespace helmholtz::data
