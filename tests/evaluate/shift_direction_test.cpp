#include "evaluate/shift_direction.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace helmholtz {
namespace {

TEST(ShiftDirection, IsThatOfTheLowerRows) {
  const auto world = make_world("shifter");
  double left = 0;
  double right = 0;
  for (std::size_t k = 0; k < world.size(); ++k) {
    const auto direction = shift_direction(world, k);
    const bool same_ways = [&] {  // rows that look alike shifted either way have period 2
      for (int c = 0; c < 8; ++c) {
        if (world.bit(k, c) != world.bit(k, (c + 2) % 8)) return false;
      }
      return true;
    }();
    EXPECT_EQ(direction.has_value(), !same_ways) << k;
    if (!direction) continue;
    (*direction == ShiftDirection::left ? left : right) += world.probabilities()[k];
    for (int c = 0; c < 8; ++c) {
      const int shifted = *direction == ShiftDirection::right ? (c + 1) % 8 : (c + 7) % 8;
      EXPECT_EQ(world.bit(k, c), world.bit(k, 16 + shifted)) << k;
    }
  }
  EXPECT_NEAR(left, right, 1e-12);
  EXPECT_GT(left, 0.3);
}

// Top units that copy the first and the third row know everything; those that see nothing guess.
TEST(ShiftDirection, IsToldByUnitsThatSeeBothRowsAndNotByOthers) {
  const auto world = make_world("shifter");
  const Topology topology({16, 32});
  std::vector<float> parameters(topology.parameters());
  const auto& layer = topology.recognition(0);
  for (int j = 0; j < 16; ++j) {
    const int pixel = j < 8 ? j : 8 + j;
    parameters[layer.weights + static_cast<std::size_t>(j * 32 + pixel)] = 60.0F;
    parameters[layer.bias + static_cast<std::size_t>(j)] = -30.0F;
  }
  EXPECT_NEAR(shift_accuracy(topology, world, parameters, 1), 1.0, 1e-9);

  // Two states of 32 draws of each of several hundred patterns: the larger share of a fair coin.
  const Topology blind({1, 32});
  const std::vector<float> nothing(blind.parameters());
  const double guessed = shift_accuracy(blind, world, nothing, 1);
  EXPECT_GE(guessed, 0.5);
  EXPECT_LE(guessed, 0.55);
}

}  // namespace
}  // namespace helmholtz
