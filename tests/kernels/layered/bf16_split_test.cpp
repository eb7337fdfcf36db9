// Weights and errors as sums of three bfloat16.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include <fmt/format.h>

#include "kernels/layered/layered_machine.hpp"
#include "support/one_step.hpp"

namespace helmholtz {
namespace {

TEST(Bf16Split, LosesNothing) {
  std::mt19937 engine(3);
  for (int i = 0; i < 1'000'000; ++i) {
    const float x =
        std::ldexp(static_cast<float>(engine()) - 0x1p31F, static_cast<int>(engine() % 180) - 120);
    std::uint16_t parts[3];
    cuda::split_bf16(x, parts);
    const double sum = static_cast<double>(cuda::from_bf16(parts[0])) + cuda::from_bf16(parts[1]) +
                       cuda::from_bf16(parts[2]);
    ASSERT_EQ(sum, static_cast<double>(x));
  }
}

TEST(Bf16Split, RoundsToTheNearestAndKeepsNaN) {
  EXPECT_EQ(cuda::from_bf16(cuda::to_bf16(1.0F + 0x1p-8F)), 1.0F);  // ties to even
  EXPECT_EQ(cuda::from_bf16(cuda::to_bf16(1.0F + 0x1.8p-7F)), 1.0F + 0x1p-6F);
  EXPECT_EQ(cuda::from_bf16(cuda::to_bf16(-1.0F - 0x1.2p-8F)), -1.0F - 0x1p-7F);
  EXPECT_TRUE(std::isnan(cuda::from_bf16(cuda::to_bf16(std::nanf("")))));
  EXPECT_TRUE(std::isinf(cuda::from_bf16(cuda::to_bf16(INFINITY))));
}

// Products of parts with 0 or 1, added in float32, against the same of whole weights: three times
// the roundings of partial sums.
TEST(Bf16Split, ProductsWithUnitsAreAsAccurateAsFloat32) {
  std::mt19937 engine(5);
  constexpr int kInputs = 784;
  double worst_split = 0;
  double worst_float = 0;
  for (int trial = 0; trial < 200; ++trial) {
    double exact = 0;
    float whole = 0;
    float sum = 0;
    double magnitude = 0;
    for (int i = 0; i < kInputs; ++i) {
      const float w = (static_cast<float>(engine() >> 8U) - 0x1p23F) * 0x1p-24F;
      magnitude += std::abs(static_cast<double>(w));
      if (engine() % 2 == 0) continue;
      exact += w;
      whole += w;
      std::uint16_t parts[3];
      cuda::split_bf16(w, parts);
      for (const auto part : parts) sum += cuda::from_bf16(part);
    }
    worst_split = std::max(worst_split, std::abs(sum - exact) / magnitude);
    worst_float = std::max(worst_float, std::abs(whole - exact) / magnitude);
  }
  fmt::print("worst error of {} products: bf16x3 {:.2e}, float32 {:.2e} of sum|w|\n", kInputs,
             worst_split, worst_float);
  EXPECT_LE(worst_split, 3 * worst_float);
  EXPECT_LE(worst_float, kInputs * testing::kHalfUlp);
}

}  // namespace
}  // namespace helmholtz
