// What a stream captures, on the host's runtime: which work may swap places, and what a capture
// that fails leaves behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "host_device/host_runtime.hpp"
#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {
namespace {

// a, then b, c and d in any order, then e; twice a step, as a step's two phases.
TEST(StepGraph, BranchesAreSideBySideAndNothingElse) {
  const Stream stream;
  Branches branches(3);
  std::string order;
  const auto give = [&](cudaStream_t to, char name) {
    testing::launch_on_host(to, [&order, name] { order += name; });
  };
  const auto issue = [&] {
    for (int phase = 0; phase < 2; ++phase) {
      give(stream.get(), 'a');
      branches.side_by_side(stream, 3, [&](std::size_t i, cudaStream_t own) {
        give(own, static_cast<char>('b' + i));
      });
      give(stream.get(), 'e');
    }
  };
  std::set<std::string> seen;
  const auto finish = [&] {
    stream.wait();
    ASSERT_EQ(order.size(), 10U);
    for (const auto* const at : {&order[0], &order[5]}) {
      std::string phase(at, 5);
      seen.insert(phase);
      std::sort(phase.begin(), phase.end());
      EXPECT_EQ(phase, "abcde");
      EXPECT_EQ(*at, 'a') << order;
      EXPECT_EQ(*(at + 4), 'e') << order;
    }
    order.clear();
  };
  const StepGraph graph(stream.get(), issue);
  EXPECT_EQ(order, "");
  for (int i = 0; i < 50; ++i) {
    graph.launch(stream.get());
    finish();
  }
  EXPECT_EQ(seen.size(), 6U);
  issue();  // plainly
  finish();
}

TEST(StepGraph, ACaptureThatFailsLeavesNoErrorBehind) {
  const Stream stream;
  EXPECT_THROW(StepGraph(stream.get(), [&] { stream.wait(); }), CudaError);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  Branches branches(2);
  const auto forgets_a_branch = [&] {
    branches.side_by_side(stream, 2, [&](std::size_t i, cudaStream_t) {
      if (i == 1) throw CudaError(HELMHOLTZ_FAILED, "of a product");
    });
  };
  EXPECT_THROW(StepGraph(stream.get(), forgets_a_branch), CudaError);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  const StepGraph graph(stream.get(), [] {});
  graph.launch(stream.get());
  stream.wait();
}

}  // namespace
}  // namespace helmholtz::cuda
