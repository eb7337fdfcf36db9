// How machines are spread over a device: plain functions, so no device is needed.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/fused/group_machine.hpp"
#include "kernels/fused/launch_plan.hpp"
#include "kernels/fused/specialise.hpp"
#include "kernels/runtime/device_limits.hpp"

namespace helmholtz::cuda {
namespace {

constexpr DeviceLimits kHopper{.multiprocessors = 132, .shared_per_block = 227 * 1024};
constexpr DeviceLimits kTuring{.multiprocessors = 40, .shared_per_block = 64 * 1024};

FusedTask task(const std::vector<int>& sizes, std::uint32_t machines, std::uint32_t batch = 1) {
  FusedTask task;
  task.shape = LayerShape(sizes.data(), static_cast<int>(sizes.size()));
  task.machines = machines;
  task.batch = batch;
  return task;
}

TEST(LayerShape, CountsAsTheTopologyDoes) {
  const auto shape = task({1, 6, 9}, 1).shape;
  EXPECT_EQ(shape.parameters(), 143U);
  EXPECT_EQ(shape.generative_parameters(), 76U);
  EXPECT_EQ(shape.units(), 16);
  EXPECT_EQ(shape.hidden_units(), 7);
  EXPECT_EQ(4 * draws::blocks_per_step(shape), 24);
}

TEST(LaunchPlan, KeepsTheNotebookInRegisters) {
  const auto plan = plan_launch(task({1, 6, 9}, 1'000'000), kHopper);
  EXPECT_EQ(plan.variant, Variant::ThreadRegisters);
  EXPECT_EQ(plan.block, 128U);
  EXPECT_EQ(plan.shared, 0U);
}

TEST(LaunchPlan, ForcesEveryVariantThatCanTrainTheTask) {
  const auto forced = [](const FusedTask& task, const char* name) {
    const auto plan = plan_variant(task, kHopper, *parse_variant(name));
    return plan ? std::optional(plan->variant) : std::nullopt;
  };
  const auto notebook = task({1, 6, 9}, 1'000'000);
  EXPECT_EQ(forced(notebook, "ThreadRegisters"), Variant::ThreadRegisters);
  EXPECT_EQ(forced(notebook, "ThreadShared"), Variant::ThreadShared);
  EXPECT_EQ(forced(notebook, "WarpShared"), Variant::WarpShared);
  EXPECT_EQ(forced(notebook, "WarpRegisters"), std::nullopt);  // the compiler at run time makes it
  EXPECT_EQ(forced(notebook, "ThreadGlobal"), Variant::ThreadGlobal);
  EXPECT_EQ(forced(task({1, 6, 9}, 10, 2), "ThreadRegisters"), std::nullopt);
  EXPECT_EQ(forced(task({1, 6, 10}, 10), "ThreadRegisters"), std::nullopt);
  EXPECT_EQ(forced(task({10, 100, 200, 784}, 10), "ThreadShared"), std::nullopt);
  EXPECT_EQ(parse_variant("register"), std::nullopt);
  EXPECT_EQ(name_of(Variant::WarpShared), "WarpShared");
}

TEST(LaunchPlan, SpreadsFewMachinesOverAllMultiprocessors) {
  EXPECT_EQ(plan_launch(task({1, 6, 9}, 1), kHopper).block, 32U);
  EXPECT_EQ(plan_launch(task({1, 6, 9}, 132 * 64), kHopper).block, 64U);
}

TEST(LaunchPlan, OtherSizesGoToSharedMemory) {
  const auto one = task({1, 6, 10}, 1'000'000);
  const auto plan = plan_launch(one, kHopper);
  EXPECT_EQ(plan.variant, Variant::ThreadShared);
  EXPECT_EQ(plan.block, 256U);
  EXPECT_EQ(plan.shared, plan.block * 4 * (one.shape.parameters() + scratch_floats(one)));
}

TEST(LaunchPlan, MachinesTooLargeForOneThreadGetSeveralLanes) {
  const auto lanes = [](const FusedTask& task) { return plan_launch(task, kHopper).lanes; };
  EXPECT_EQ(lanes(task({2, 5, 9}, 1'000'000)), 1U);     // 343 machines of a thread each would fit
  EXPECT_EQ(lanes(task({2, 5, 9}, 1'000'000, 3)), 4U);  // 192
  EXPECT_EQ(lanes(task({1, 6, 9}, 1'000'000, 4)), 4U);
  EXPECT_EQ(lanes(task({1, 8, 16}, 1'000'000)), 4U);
  EXPECT_EQ(lanes(task({4, 16, 32}, 1'000'000)), 16U);
  EXPECT_EQ(lanes(task({8, 16, 32, 64}, 1'000'000)), 32U);
}

TEST(LaunchPlan, KeepsWithinTheDevice) {
  for (const auto& limits : {kHopper, kTuring}) {
    for (const int width : {2, 8, 16, 30, 60, 80, 120, 160, 300}) {
      for (const std::uint32_t batch : {1U, 2U}) {
        const auto one = task({width / 2, width, width}, 1000, batch);
        const auto plan = plan_launch(one, limits);
        EXPECT_EQ(plan.block % 32, 0U);
        EXPECT_GE(plan.block, 32U);
        EXPECT_LE(plan.block, 256U);
        EXPECT_LE(plan.shared, limits.shared_per_block);
        if (plan.variant == Variant::WarpShared) {
          EXPECT_EQ(plan.shared,
                    plan.block / plan.lanes * sizeof(float) *
                        group_stride(one, static_cast<int>(plan.lanes), true, one.reweighted()));
        }
      }
    }
  }
}

TEST(LaunchPlan, WhatDoesNotFitStaysInGlobalMemory) {
  auto large = task({10, 100, 200, 784}, 8);
  const auto plan = plan_launch(large, kHopper);
  EXPECT_EQ(plan.variant, Variant::ThreadGlobal);
  EXPECT_EQ(plan.scratch, scratch_floats(large));
  large.batch = 2;
  EXPECT_EQ(scratch_floats(large), plan.scratch + large.shape.parameters());
}

TEST(LaunchPlan, ParticlesTakeMemoryAndNoRegisters) {
  auto some = task({1, 6, 9}, 1'000'000);
  some.particles = 3;
  EXPECT_EQ(plan_variant(some, kHopper, Variant::ThreadRegisters), std::nullopt);
  some.particles = 5;
  EXPECT_EQ(plan_launch(some, kHopper).variant, Variant::WarpShared);
  // States, errors and a weight for each particle: 16 + (16 + 7) + 1 floats; words for a phase: 20.
  EXPECT_EQ(scratch_floats(some), 5U * 40 + 20);
  some.particles = 4096;
  EXPECT_EQ(plan_launch(some, kHopper).variant, Variant::ThreadGlobal);
  const float rate = 0.1F;
  auto awake = task({1, 6, 9}, 1'000'000);
  awake.wake_rates = &rate;
  EXPECT_EQ(plan_launch(awake, kHopper).variant, Variant::ThreadShared);
}

TEST(LaunchPlan, PatternsFoundAheadTakeMemoryAndNoRegisters) {
  auto some = task({1, 6, 9}, 1'000'000);
  EXPECT_EQ(visit_words(some), 0U);
  some.in_epochs = true;
  EXPECT_EQ(plan_launch(some, kHopper).variant, Variant::ThreadShared);
  EXPECT_EQ(plan_specialised(some, kHopper)->variant, Variant::WarpRegisters);
  for (const std::uint32_t batch : {1U, 100U, 256U, 257U}) {
    some.batch = batch;
    EXPECT_EQ(steps_at_once(some), batch == 1 ? 256U : batch == 100 ? 2U : 1U);
    EXPECT_EQ(visit_words(some), steps_at_once(some) * batch);
  }
  constexpr std::uint8_t kGrey = 7;
  some = task({1, 6, 9}, 1'000'000);
  some.patterns.grey = &kGrey;
  some.patterns.words_per_pattern = 25;
  EXPECT_EQ(plan_launch(some, kHopper).variant, Variant::ThreadShared);
  EXPECT_EQ(plan_specialised(some, kHopper)->variant, Variant::WarpRegisters);
  EXPECT_EQ(steps_at_once(some), 10U);
  EXPECT_EQ(visit_words(some), 250U);
  some = task({10, 784}, 1'000);  // 16,484 parameters
  some.patterns.grey = &kGrey;
  some.patterns.words_per_pattern = 25;
  EXPECT_EQ(steps_at_once(some), 164U);
}

TEST(NextSteps, NeverCrossACarryOfTheBlockNumber) {
  constexpr std::uint64_t kBlocks = 6;
  constexpr std::uint64_t kCarry = (std::uint64_t{1} << 32U) / kBlocks;  // the step that carries
  EXPECT_EQ(next_steps(0, 4096, kBlocks).steps, 4096U);
  EXPECT_EQ(next_steps(kCarry - 10, 4096, kBlocks).steps, 10U);
  EXPECT_FALSE(next_steps(kCarry - 10, 4096, kBlocks).carries);
  EXPECT_TRUE(next_steps(kCarry, 4096, kBlocks).carries);
  EXPECT_EQ(next_steps(kCarry, 4096, kBlocks).steps, 1U);
  EXPECT_FALSE(next_steps(kCarry + 1, 4096, kBlocks).carries);
  // A number of blocks that divides 2^32: no step carries.
  EXPECT_FALSE(next_steps((std::uint64_t{1} << 30U) - 1, 4096, 4).carries);
  EXPECT_EQ(next_steps((std::uint64_t{1} << 30U) - 1, 4096, 4).steps, 1U);
}

TEST(LargestChunk, HalvesUntilItFits) {
  const auto room_for = [](std::size_t most) {
    return [most](std::size_t chunk) { return chunk <= most; };
  };
  EXPECT_EQ(largest_chunk(1000, room_for(5000)), 1000U);
  EXPECT_EQ(largest_chunk(1000, room_for(999)), 500U);
  EXPECT_EQ(largest_chunk(1000, room_for(130)), 125U);
  EXPECT_EQ(largest_chunk(1000, room_for(1)), 1U);
  EXPECT_EQ(largest_chunk(1000, room_for(0)), 0U);
}

}  // namespace
}  // namespace helmholtz::cuda
