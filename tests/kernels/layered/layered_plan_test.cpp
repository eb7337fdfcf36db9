// How cuda-layered lays out and spreads its work: plain functions, so no device is needed.
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

#include "helmholtz/topology.hpp"
#include "kernels/layered/layered_plan.hpp"

namespace helmholtz::cuda {
namespace {

LayeredShape shape(const std::vector<int>& sizes, std::uint32_t batch) {
  return {sizes.data(), static_cast<int>(sizes.size()), batch};
}

TEST(LayeredShape, CountsAsTheTopologyDoes) {
  for (const auto& sizes : {std::vector{1, 6, 9}, {3, 2}, {1, 2, 3, 4, 5}}) {
    const Topology topology(sizes);
    const auto one = shape(sizes, 3);
    EXPECT_EQ(4U * static_cast<unsigned>(one.blocks_per_step()), topology.draws_per_step());
    EXPECT_EQ(one.units(Network::generative), topology.units());
    EXPECT_EQ(one.units(Network::recognition), topology.hidden_units());
    int slot = 1;
    for (int l = topology.last() - 1; l >= 0; --l) {
      EXPECT_EQ(one.layer(Network::recognition, l).slot, slot);
      slot += topology.size(l);
    }
    for (int l = 0; l <= topology.last(); ++l) {
      EXPECT_EQ(one.layer(Network::generative, l).slot, slot);
      slot += topology.size(l);
    }
  }
}

TEST(LayeredShape, MatricesAndLongRowsAreAligned) {
  const auto one = shape({10, 101, 200, 783}, 1021);
  EXPECT_EQ(one.column_stride(), 1024);
  for (const auto network : {Network::generative, Network::recognition}) {
    for (int l = 0; l < one.layers(network); ++l) {
      const auto& layer = one.layer(network, l);
      EXPECT_EQ(layer.weights % 64, 0U);
      EXPECT_EQ(layer.bias % 64, 0U);
      EXPECT_EQ(one.unit_start(l) % 64, 0U);
      EXPECT_EQ(layer.stride % 8, 0);
      EXPECT_GE(layer.stride, layer.inputs);
      EXPECT_GE(layer.weights, one.begin(network));
      EXPECT_LE(layer.bias + static_cast<unsigned>(layer.outputs), one.end(network));
    }
  }
  EXPECT_EQ(one.end(Network::recognition), one.floats());
  EXPECT_EQ(shape({1, 6, 9}, 1).column_stride(), 1);
  EXPECT_EQ(shape({1, 6, 9}, 7).column_stride(), 7);
  EXPECT_EQ(shape({1, 6, 9}, 9).column_stride(), 16);
}

TEST(LayeredShape, PacksEveryParameterToAPlaceOfItsOwn) {
  for (const auto& sizes : {std::vector{3, 9, 14, 5}, {1, 1}, {1, 6, 9}, {33, 1, 31, 65}}) {
    const Topology topology(sizes);
    const auto one = shape(sizes, 2);
    ASSERT_EQ(one.parameters(), topology.parameters());
    std::vector<float> machine(topology.parameters());
    std::iota(machine.begin(), machine.end(), 1.0F);
    std::vector<float> device(one.floats());
    pack(one, machine.data(), device.data());
    std::vector<float> back(machine.size());
    unpack(one, device.data(), back.data());
    EXPECT_EQ(back, machine);
    const auto compare = [&](const LayeredLayer& layer, const LayerView& in_file) {
      for (int j = 0; j < layer.outputs; ++j) {
        for (int i = 0; i < layer.inputs; ++i) {
          ASSERT_EQ(device[layer.weights + static_cast<std::size_t>(j * layer.stride + i)],
                    machine[in_file.weights + static_cast<std::size_t>(j * layer.inputs + i)]);
        }
        ASSERT_EQ(device[layer.bias + static_cast<std::size_t>(j)],
                  machine[in_file.bias + static_cast<std::size_t>(j)]);
      }
    };
    for (int l = 0; l <= topology.last(); ++l) {
      compare(one.layer(Network::generative, l), topology.generative(l));
    }
    for (int l = 0; l < topology.last(); ++l) {
      compare(one.layer(Network::recognition, l), topology.recognition(l));
    }
  }
}

TEST(LayeredPlan, GathersABoundedNumberOfMachines) {
  EXPECT_EQ(gathered_machines(shape({1, 6, 9}, 1), 1'000'000), (1U << 24U) / 143);
  EXPECT_EQ(gathered_machines(shape({1, 6, 9}, 1), 7), 7U);
  EXPECT_EQ(gathered_machines(shape({4000, 4000}, 1), 7), 1U);
}

TEST(LayeredPlan, LanesOfAUnitFollowItsColumns) {
  EXPECT_EQ(error_lanes(1), 1U);
  EXPECT_EQ(error_lanes(33), 16U);
  EXPECT_EQ(error_lanes(256), 64U);
  EXPECT_EQ(error_lanes(1'000'000), kErrorBlock);
}

TEST(LayeredPlan, GridsCoverEveryItem) {
  for (const std::uint64_t items : {1ULL, 31ULL, 256ULL, 257ULL, 1'000'000ULL}) {
    const auto grid = grid_of(items, 70'000);
    EXPECT_GE(std::uint64_t{grid.x} * grid.block, items);
    EXPECT_LT(std::uint64_t{grid.x - 1} * grid.block, items);
    EXPECT_EQ(grid.block % 32, 0U);
    EXPECT_EQ(grid.y, 65'535U);
  }
  EXPECT_EQ(grid_of(7, 12).y, 12U);
  const auto most = (std::uint64_t{1} << 32U) - 256;
  EXPECT_EQ(grid_of(most, 1).items, most);
  EXPECT_THROW(grid_of(most + 1, 1), std::length_error);
}

// The arrays follow each other, and the last one ends where the memory does.
TEST(LayeredPlan, MemoryHoldsItsArrays) {
  LayeredTask task;
  task.shape = shape({3, 40, 50}, 33);
  task.capacity = 6;
  const auto floats = task.capacity * task.shape.floats();
  const auto elements = task.capacity * task.shape.unit_elements();
  for (const int means : {0, 1, 2}) {
    task.particles = means == 1 ? 3 : 1;
    const auto weights =
        means == 1 ? task.capacity * static_cast<unsigned>(task.shape.column_stride()) : 0;
    for (const auto math : {Math::fp32, Math::tf32, Math::bf16x3}) {
      task.math = math;
      task.means = means;
      std::vector<float> kept(task.capacity * layered_kept(task));
      place_kept(task, kept.data());
      EXPECT_EQ(task.parameters, kept.data());
      EXPECT_EQ(task.state, kept.data() + floats);
      EXPECT_EQ(task.state + static_cast<unsigned>(means) * floats, kept.data() + kept.size());

      std::vector<float> scratch(task.capacity * layered_scratch(task));
      place_scratch(task, scratch.data());
      float* begin = scratch.data();
      if (means > 0) {
        EXPECT_EQ(task.gradients, begin);
        begin += floats;
      }
      EXPECT_EQ(task.activities, begin);
      if (math == Math::bf16x3) {
        EXPECT_EQ(task.units16, static_cast<void*>(task.activities + elements));
        EXPECT_EQ(task.error_parts, task.units16 + 3 * elements);
        EXPECT_EQ(task.weight_parts, task.error_parts + 3 * elements);
        EXPECT_EQ(task.weight_parts + 3 * floats, static_cast<void*>(task.weights));
      } else {
        EXPECT_EQ(task.units, task.activities + elements);
        EXPECT_EQ(task.units + elements, task.weights);
      }
      EXPECT_EQ(task.weights + weights, scratch.data() + scratch.size());
    }
  }
}

}  // namespace
}  // namespace helmholtz::cuda
