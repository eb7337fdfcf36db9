// Kernels that are compiled at run time: their texts, what the compiler makes of them (without a
// device), and the cache.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <regex>
#include <string>

#include "kernels/fused/specialise.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::cuda {
namespace {

using ::testing::HasSubstr;

int number_in(const std::string& log, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(log, match, std::regex(pattern)) ? std::stoi(match[1]) : -1;
}

class Specialise : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "libnvrtc leaks, once opened";
#endif
    compiler_ = Nvrtc::open();
    if (!compiler_) GTEST_SKIP() << "there is no libnvrtc";
  }

  std::unique_ptr<Nvrtc> compiler_;
};

FusedTask task_of(const std::vector<int>& sizes) {
  FusedTask task;
  task.shape = LayerShape(sizes.data(), static_cast<int>(sizes.size()));
  return task;
}

constexpr LaunchPlan kThreadRegisters{.variant = Variant::ThreadRegisters};

/// Compiles for sm_90 and holds registers and spills to a budget.
void expect_budget(const Nvrtc& compiler, const FusedTask& task, const LaunchPlan& plan,
                   int registers, int spills) {
  auto options = specialised_options(90);
  options.emplace_back("--ptxas-options=-v");
  const auto source = specialised_source(task, plan);
  const auto result = compiler.compile(source, embedded_sources(), options);
  ASSERT_FALSE(result.cubin.empty()) << result.log << source;
  const int used = number_in(result.log, "Used (\\d+) registers");
  const int spilled = number_in(result.log, "(\\d+) bytes spill stores");
  std::cout << source << used << " registers, " << spilled << " bytes spilled, "
            << result.cubin.size() << " bytes\n";
  EXPECT_GT(used, 0) << result.log;
  EXPECT_LE(used, registers);
  EXPECT_LE(spilled, spills);
}

TEST_F(Specialise, RegisterKernelsKeepTheirBudgets) {
  const auto expect = [&](const std::vector<int>& sizes, bool flag) {
    auto task = task_of(sizes);
    task.nonnegative = flag;
    task.patterns.chained = flag;
    expect_budget(*compiler_, task, kThreadRegisters, 255, 16);
  };
  expect({1, 6, 9}, true);
  expect({2, 5, 8}, false);
  expect({7, 9}, true);
  expect({1, 3, 4, 6}, false);
}

TEST_F(Specialise, LaneKernelsKeepTheirBudgets) {
  const auto expect = [&](const std::vector<int>& sizes, std::uint32_t lanes, int spills,
                          std::uint32_t particles = 1) {
    auto task = task_of(sizes);
    task.particles = particles;
    expect_budget(*compiler_, task, {.variant = Variant::WarpRegisters, .lanes = lanes}, 255,
                  spills);
  };
  expect({1, 8, 16}, 4, 0);
  expect({4, 16, 32}, 8, 128);
  expect({8, 16, 32, 64}, 32, 128);
  expect({1, 6, 9}, 4, 40, 5);  // around calls of logarithms
}

TEST_F(Specialise, CompilesOnceAndReadsTheCacheUnlessItIsDamaged) {
  const testing::TemporaryDirectory folder;
  CubinCache cache(folder.path() / "helmholtz");
  const auto task = task_of({2, 3});
  const auto cubin = specialised_cubin(task, kThreadRegisters, 90, *compiler_, cache);
  ASSERT_FALSE(cubin.empty());
  const auto files = [&] {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "helmholtz")) {
      all.push_back(entry.path());
    }
    return all;
  };
  ASSERT_EQ(files().size(), 1U);
  const auto written = std::filesystem::last_write_time(files()[0]);
  EXPECT_EQ(specialised_cubin(task, kThreadRegisters, 90, *compiler_, cache), cubin);
  EXPECT_EQ(std::filesystem::last_write_time(files()[0]), written);

  std::filesystem::resize_file(files()[0], 100);
  EXPECT_EQ(specialised_cubin(task, kThreadRegisters, 90, *compiler_, cache), cubin);
  EXPECT_GT(std::filesystem::file_size(files()[0]), 100U);

  // Another architecture is another kernel.
  EXPECT_FALSE(specialised_cubin(task, kThreadRegisters, 80, *compiler_, cache).empty());
  EXPECT_EQ(files().size(), 2U);
}

TEST(CubinCache, IsNoMoreThanAHelp) {
  const testing::TemporaryDirectory folder;
  CubinCache cache(folder.path());
  EXPECT_EQ(cache.read("none"), std::nullopt);
  cache.write("a", "cubin");
  EXPECT_EQ(cache.read("a"), "cubin");
  std::ofstream(folder.path() / "a.cubin", std::ios::app) << "more";
  EXPECT_EQ(cache.read("a"), std::nullopt);
  cache.write("a", "again");
  EXPECT_EQ(cache.read("a"), "again");
}

TEST(CubinCache, IsInMemoryWhereNothingCanBeWritten) {
  for (const auto* const folder : {"", "/proc/helmholtz"}) {
    CubinCache cache(folder);
    EXPECT_EQ(cache.read("a"), std::nullopt);
    cache.write("a", "cubin");
    EXPECT_EQ(cache.read("a"), "cubin");
    cache.write("a", "again");
    EXPECT_EQ(cache.read("a"), "again");
  }
}

TEST(PlanSpecialised, TakesTheFewestLanesWhoseRegistersHoldTheWeights) {
  const DeviceLimits limits{.multiprocessors = 132, .shared_per_block = 227 * 1024};
  const auto plan = [&](const std::vector<int>& sizes, std::uint32_t batch,
                        std::uint32_t particles = 1) {
    auto task = task_of(sizes);
    task.particles = particles;
    task.machines = 100'000;
    task.batch = batch;
    return plan_specialised(task, limits);
  };
  EXPECT_EQ(plan({2, 5, 8}, 1)->variant, Variant::ThreadRegisters);
  EXPECT_EQ(plan({1, 8, 16}, 1)->variant, Variant::WarpRegisters);
  EXPECT_EQ(plan({1, 8, 16}, 1)->lanes, 4U);
  EXPECT_EQ(plan({4, 16, 32}, 1)->lanes, 8U);
  EXPECT_EQ(plan({8, 16, 32, 64}, 1)->lanes, 32U);
  const auto notebook = task_of({1, 6, 9});
  EXPECT_EQ(plan_specialised(notebook, limits, Variant::WarpRegisters)->lanes, 4U);
  EXPECT_EQ(plan_specialised(notebook, limits)->variant, Variant::ThreadRegisters);
  EXPECT_FALSE(plan_specialised(task_of({1, 8, 16}), limits, Variant::ThreadRegisters).has_value());
  EXPECT_FALSE(plan({8, 16, 32, 64}, 2).has_value());
  EXPECT_FALSE(plan({2, 5, 8}, 2).has_value());
  EXPECT_EQ(plan({1, 6, 9}, 1, 5)->variant, Variant::WarpRegisters);
  EXPECT_EQ(plan({1, 6, 9}, 1, 5)->lanes, 4U);
  EXPECT_FALSE(plan({10, 100, 200, 784}, 1).has_value());
}

TEST(SpecialisedSource, NamesTheShape) {
  auto task = task_of({1, 6, 9});
  task.nonnegative = true;
  const auto source = specialised_source(task, kThreadRegisters);
  EXPECT_THAT(source, HasSubstr("StaticShape<1, 6, 9>, true, false>"));
  EXPECT_THAT(source, HasSubstr(kSpecialisedKernel));
}

}  // namespace
}  // namespace helmholtz::cuda
