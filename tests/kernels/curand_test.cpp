// The kernels' Philox, and the host's, against cuRAND's own header compiled for the host.
#define QUALIFIERS static inline
#include <curand_kernel.h>

#include <gtest/gtest.h>

#include <random>

#include "helmholtz/random.hpp"
#include "kernels/runtime/philox.hpp"

namespace helmholtz {
namespace {

TEST(Curand, GivesTheWordsOfEveryAddress) {
  std::mt19937_64 engine(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t seed = engine();
    const std::uint64_t block = engine() >> (2 + i % 60);  // cuRAND's offset counts words
    const auto row = static_cast<std::uint32_t>(engine());
    const auto purpose = static_cast<RandomPurpose>(engine() % 3);
    const std::uint64_t stream = std::uint64_t{static_cast<std::uint32_t>(purpose)} << 32U | row;

    curandStatePhilox4_32_10_t state;
    curand_init(seed, stream, 4 * block, &state);
    const uint4 expected = curand4(&state);

    std::uint32_t words[8];
    cuda::Philox(seed).blocks<2>(static_cast<std::uint32_t>(block),
                                 static_cast<std::uint32_t>(block >> 32U), row, purpose, words);
    const auto host = random_block({.seed = seed, .purpose = purpose, .row = row}, block);
    const std::array wanted = {expected.x, expected.y, expected.z, expected.w};
    for (std::size_t w = 0; w < 4; ++w) {
      ASSERT_EQ(words[w], wanted[w]) << "block " << block;
      ASSERT_EQ(host[w], wanted[w]) << "block " << block;
    }
  }
}

}  // namespace
}  // namespace helmholtz
