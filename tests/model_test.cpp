#include <gtest/gtest.h>

#include <cmath>

#include "helmholtz/backend.hpp"
#include "helmholtz/random.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {
namespace {

TEST(Topology, CountsTheNotebooksParametersAndDraws) {
  const Topology topology({1, 6, 9});
  EXPECT_EQ(topology.generative_parameters(), 76U);
  EXPECT_EQ(topology.parameters(), 76U + 67U);
  EXPECT_EQ(topology.draws_per_step(), 24U);
  EXPECT_EQ(topology.draws_per_sample(), 16U);
}

TEST(PortableMath, NormalQuantile) {
  EXPECT_NEAR(portable::normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(portable::normal_quantile(1e-10), -6.361340902404056, 1e-13);
  EXPECT_NEAR(portable::normal_quantile(1e-3), -3.090232306167813, 1e-14);
  EXPECT_EQ(portable::normal_quantile(0.5), 0.0);
  for (double x = 1e-300; x < 1e300; x *= 1.7)
    EXPECT_NEAR(portable::log(x), std::log(x), 4e-16 * std::abs(std::log(x)));
}

}  // namespace
}  // namespace helmholtz
