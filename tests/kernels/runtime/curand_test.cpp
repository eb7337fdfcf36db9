// cuRAND as the kernels call it, the kernels' own rounds, and the host's Philox draw the same
// words.
#define QUALIFIERS static inline  // cuRAND's device functions, compiled for the host
#define HELMHOLTZ_CURAND
#include "kernels/runtime/philox.hpp"

#include <gtest/gtest.h>

#include <random>

#include "helmholtz/random.hpp"

namespace helmholtz {
namespace {

TEST(Curand, GivesTheWordsOfEveryAddress) {
  std::mt19937_64 engine(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t seed = engine();
    const std::uint64_t block = engine() >> (2 + i % 60);
    const auto row = static_cast<std::uint32_t>(engine());
    const auto purpose = static_cast<RandomPurpose>(engine() % 7);
    const auto low = static_cast<std::uint32_t>(block);
    const auto high = static_cast<std::uint32_t>(block >> 32U);
    const auto host = random_block({.seed = seed, .purpose = purpose, .row = row}, block);

    const cuda::Philox philox(seed);
    std::uint32_t curand[4];
    std::uint32_t alone[4];
    std::uint32_t together[12];
    philox.block(block, row, purpose, curand);
    philox.blocks<1>(low, high, row, purpose, alone);
    philox.blocks<3>(low - 1, high, row, purpose, together);  // low wraps around, high stays
    for (std::size_t w = 0; w < 4; ++w) {
      ASSERT_EQ(curand[w], host[w]) << "block " << block;
      ASSERT_EQ(alone[w], host[w]) << "block " << block;
      ASSERT_EQ(together[4 + w], host[w]) << "block " << block;
    }
  }
}

}  // namespace
}  // namespace helmholtz
