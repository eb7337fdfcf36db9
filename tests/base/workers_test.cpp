#include "base/workers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace helmholtz {
namespace {

TEST(Workers, VisitsEachIndexOnceAndHandsTheResultsBack) {
  const Workers workers(4);
  std::vector<std::size_t> visits(1000);
  for (std::size_t round = 1; round <= 3; ++round) {
    workers.for_each(visits.size(), [&](std::size_t i) { visits[i] += i; });
    for (std::size_t i = 0; i < visits.size(); ++i) ASSERT_EQ(visits[i], round * i);
  }
}

TEST(Workers, PassesAnExceptionOn) {
  const Workers workers(2);
  const auto fails_at_7 = [](std::size_t i) {
    if (i == 7) throw std::runtime_error("seven");
  };
  EXPECT_THROW(workers.for_each(10, fails_at_7), std::runtime_error);
}

TEST(Workers, TakesTheThreadsAskedForOrAllCores) {
  EXPECT_EQ(Workers(1).threads(), 1);
  EXPECT_EQ(Workers(7).threads(), 7);
  EXPECT_GE(Workers(0).threads(), 1);
}

}  // namespace
}  // namespace helmholtz
