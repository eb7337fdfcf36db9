#include "helmholtz/random.hpp"

#include <Random123/philox.h>

namespace helmholtz {

namespace {

constexpr std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
constexpr std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); }

}  // namespace

std::array<std::uint32_t, 4> random_block(const RandomStream& stream, std::uint64_t block) {
  const r123::Philox4x32::ctr_type counter = {
      {low(block), high(block), stream.row, static_cast<std::uint32_t>(stream.purpose)}};
  const r123::Philox4x32::key_type key = {{low(stream.seed), high(stream.seed)}};
  const auto words = r123::Philox4x32()(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

std::uint32_t random_word(const RandomStream& stream, std::uint64_t first_block,
                          std::uint64_t slot) {
  return random_block(stream, first_block + slot / 4)[slot % 4];
}

}  // namespace helmholtz
