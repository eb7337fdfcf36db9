// Portable exp and ln against long double references.
#include <gtest/gtest.h>

#include <cmath>

#include "model/portable_math.hpp"

namespace helmholtz {
namespace {

/// |value - exact| / |exact|
double relative_error(double value, long double exact) {
  return static_cast<double>(std::abs((static_cast<long double>(value) - exact) / exact));
}

TEST(PortableMath, ExpIsWithinItsStatedError) {
  for (double x = -708; x < 709; x += 0.0137) {
    ASSERT_TRUE(relative_error(portable::exp(x), std::exp(static_cast<long double>(x))) <= 3e-16)
        << x;
  }
  EXPECT_EQ(portable::exp(0.0), 1.0);
  EXPECT_EQ(portable::exp(-1e9), portable::exp(-708.0));
}

TEST(PortableMath, LogIsWithinItsStatedError) {
  const auto check = [](double x) {
    return relative_error(portable::log(x), std::log(static_cast<long double>(x))) <= 3e-16;
  };
  for (double x = 1e-307; x < 1e307; x *= 1.0137) ASSERT_TRUE(check(x)) << x;
  for (double d = 0x1p-52; d < 0.5; d *= 1.11) {
    ASSERT_TRUE(check(1 + d)) << d;
    ASSERT_TRUE(check(1 - d)) << d;
  }
  EXPECT_TRUE(check(4.9e-324));  // subnormal
  EXPECT_EQ(portable::log(1.0), 0.0);
}

}  // namespace
}  // namespace helmholtz
