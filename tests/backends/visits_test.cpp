// Which rows of a data set the steps of a machine visit: in epochs, and grey ones as they are
// drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "simd/target.hpp"
#include "step/epoch_rows.hpp"
#include "support/contract.hpp"
#include "support/random_data.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using step::EpochRows;
using testing::grey_data;
using testing::parameters_of;
using testing::random_data;
using testing::random_ensemble;

/// The rows of visits [first, first + count).
std::vector<std::size_t> visited(EpochRows rows, std::uint64_t first, std::uint64_t count) {
  std::vector<std::size_t> all;
  for (auto visit = first; visit < first + count; ++visit) all.push_back(rows.row(visit));
  return all;
}

bool is_permutation(std::vector<std::size_t> rows) {
  std::ranges::sort(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != i) return false;
  }
  return true;
}

TEST(Epochs, VisitEachRowOnce) {
  for (const std::size_t rows : {1,  2,  3,   4,   5,   7,    8,    9,    15,   16,     17,    31,
                                 32, 33, 255, 256, 257, 4095, 4096, 4097, 9999, 60'000, 65'537}) {
    for (const std::uint64_t epoch : {0, 1, 1'000'000}) {
      EXPECT_TRUE(is_permutation(visited({7, rows}, epoch * rows, rows))) << rows << " " << epoch;
    }
  }
}

TEST(Epochs, DifferByEpochAndSeed) {
  constexpr std::size_t kRows = 1000;
  const auto first = visited({7, kRows}, 0, kRows);
  for (const auto& other : {visited({7, kRows}, kRows, kRows), visited({8, kRows}, 0, kRows),
                            visited({7 + (1ULL << 32U), kRows}, 0, kRows)}) {
    int same = 0;
    for (std::size_t i = 0; i < kRows; ++i) same += first[i] == other[i] ? 1 : 0;
    // Fixed points of a random permutation are Poisson with mean 1: P(more than 10) < 1e-8.
    EXPECT_LE(same, 10);
  }
}

TEST(Epochs, AVisitIsAnAddress) {
  EpochRows rows(7, 100);
  const auto later = rows.row(731);
  EXPECT_EQ(rows.row(12), visited({7, 100}, 12, 1)[0]);
  EXPECT_EQ(rows.row(731), later);
}

/// sum (observed - expected)^2 / expected.
double chi_square(const std::vector<int>& counts) {
  const double expected =
      std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Where a row stands, and which row follows which, over epochs: chi-square with f degrees of
// freedom has mean f and standard deviation sqrt(2 f); five of them are exceeded with a probability
// below 1e-5 by its normal approximation.
TEST(Epochs, AreUniform) {
  for (const std::size_t rows : {5U, 16U, 37U}) {
    constexpr std::uint64_t kEpochs = 4000;
    std::vector<int> places(rows * rows);
    std::vector<int> pairs(rows * rows);
    EpochRows order(3, rows);
    for (std::uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
      for (std::size_t i = 0; i < rows; ++i) {
        const auto row = order.row(epoch * rows + i);
        ++places[i * rows + row];
        if (i > 0) ++pairs[order.row(epoch * rows + i - 1) * rows + row];
      }
    }
    std::erase(pairs, 0);  // a row never follows itself
    ASSERT_EQ(pairs.size(), rows * (rows - 1));
    const auto n = static_cast<double>(rows);
    for (const auto& [counts, freedom] :
         {std::pair{places, (n - 1) * (n - 1)}, {pairs, n * (n - 1) - 1}}) {
      const double chi = chi_square(counts);
      EXPECT_TRUE(std::abs(chi - freedom) <= 5 * std::sqrt(2 * freedom)) << rows << ": " << chi;
    }
  }
}

// What scripts of their own make of the paper's reference implementation (thrust::shuffle's
// feistel_bijection) and of Philox.
TEST(Epochs, KnownOrder) {
  EXPECT_EQ(visited({1, 10}, 0, 20), (std::vector<std::size_t>{9, 1, 7, 5, 6, 4, 0, 3, 8, 2,  //
                                                               1, 6, 5, 9, 4, 3, 7, 2, 0, 8}));
  EpochRows rows((1ULL << 40U) + 3, 60'000);
  for (const auto& [visit, row] : {std::pair<std::uint64_t, std::size_t>{0, 37846},
                                   {1, 10220},
                                   {2, 37566},
                                   {300017, 27722},
                                   {300018, 55063}})
    EXPECT_EQ(rows.row(visit), row) << visit;
}

Ensemble on_data(const std::vector<int>& layers, int batch, std::size_t machines,
                 std::size_t rows) {
  auto ensemble = random_ensemble(layers, batch, machines);
  ensemble.world = data_world(random_data(layers.back(), rows));
  ensemble.order = Order::epochs;
  return ensemble;
}

/// The same on grey rows, drawn with replacement unless `order` says epochs.
Ensemble on_grey(const std::vector<int>& layers, int batch, std::size_t machines, Order order) {
  auto ensemble = random_ensemble(layers, batch, machines);
  ensemble.world = data_world(grey_data(layers.back(), 50));
  ensemble.order = order;
  return ensemble;
}

std::vector<float> trained(const std::string& backend, const Ensemble& ensemble,
                           std::initializer_list<std::uint64_t> pieces) {
  auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
  for (const auto steps : pieces) trainer.train(steps);
  return parameters_of(trainer, 0, ensemble.size());
}

Ensemble with_particles(Ensemble ensemble) {
  ensemble.particles = 3;  // of one visit
  return ensemble;
}

TEST(Visits, CpuFusedMakesThoseOfTheReference) {
  for (const auto& ensemble :
       {on_data({1, 6, 9}, 1, 17, 20), on_data({2, 5, 40}, 3, 5, 100), on_data({2, 5, 33}, 7, 3, 5),
        with_particles(on_data({1, 6, 9}, 1, 17, 20)),
        with_particles(on_data({2, 5, 40}, 3, 5, 100)), on_grey({1, 6, 9}, 1, 17, Order::iid),
        on_grey({2, 5, 70}, 3, 5, Order::epochs),
        with_particles(on_grey({2, 5, 70}, 3, 5, Order::iid))}) {
    const auto expected = trained("reference", ensemble, {90});
    for (const auto& target : simd::available_targets()) {
      simd::force_target(target);
      EXPECT_EQ(trained("cpu-fused", ensemble, {90}), expected) << target;
      EXPECT_EQ(trained("cpu-fused", ensemble, {1, 40, 49}), expected) << target;
    }
    simd::force_target("");
  }
}

class FusedVisits : public testing::Contract {};
INSTANTIATE_TEST_SUITE_P(Backends, FusedVisits, ::testing::Values("cpu-fused", "cuda-fused"),
                         testing::backend_name);

// More steps than cuda-fused takes in a launch, and more rows in a step than it finds ahead.
TEST_P(FusedVisits, AreThoseOfTheReference) {
  for (const auto& ensemble :
       {on_data({1, 6, 9}, 1, 17, 20), on_data({2, 5, 40}, 300, 5, 1000),
        with_particles(on_data({2, 5, 40}, 3, 5, 100)), on_grey({1, 6, 9}, 1, 17, Order::epochs),
        on_grey({2, 5, 40}, 200, 2, Order::iid),
        with_particles(on_grey({2, 5, 70}, 3, 5, Order::iid))}) {
    const std::uint64_t steps = ensemble.batch == 1 ? 600 : 20;
    const auto expected = helmholtz::trained("reference", ensemble, {steps});
    EXPECT_EQ(helmholtz::trained(GetParam(), ensemble, {steps}), expected);
    EXPECT_EQ(helmholtz::trained(GetParam(), ensemble, {7, 1, steps - 8}), expected);
  }
}

/// Trains for one step from the same parameters, so that rounding has no time to flip a unit. Not
/// for the first one, whose visits have the numbers of its batch rows.
void expect_close(const Ensemble& ensemble, const std::string& backend = "cpu-layered") {
  constexpr std::uint64_t kStart = 3;
  const auto start = trained("reference", ensemble, {kStart});
  const auto expected = trained("reference", ensemble, {kStart + 1});
  auto trainer = make_trainer(ensemble, {.backend = backend, .threads = 2});
  trainer.write_parameters(0, ensemble.size(), start);
  trainer.set_step(kStart);
  trainer.train(1);
  const auto found = parameters_of(trainer, 0, ensemble.size());
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    // Errors add up over a batch of at most 130 rows at rate 0.3 / batch: rounding of 1e-6, far
    // below a row's share of 0.3 / 130 where another row is visited.
    EXPECT_TRUE(std::abs(found[k] - expected[k]) <= 1e-5) << k;
  }
}

// All particles of a batch row see the row that it visits.
TEST(Visits, ParticlesShareThem) {
  for (const bool is_grey : {false, true}) {
    for (const auto order : {Order::iid, Order::epochs}) {
      auto ensemble = on_data({2, 5, 40}, 9, 2, 50);
      ensemble.particles = 20;  // more columns than a tile has
      ensemble.order = order;
      if (is_grey) ensemble.world = data_world(grey_data(40, 50));
      expect_close(ensemble);
      if (is_grey) continue;
      EXPECT_EQ(trained("cpu-fused", ensemble, {9}), trained("reference", ensemble, {9}));
    }
  }
}

class LayeredVisits : public testing::Contract {};
INSTANTIATE_TEST_SUITE_P(Backends, LayeredVisits, ::testing::Values("cpu-layered", "cuda-layered"),
                         testing::backend_name);

TEST_P(LayeredVisits, AreThoseOfTheReference) {
  for (const auto& ensemble :
       {on_data({2, 5, 40}, 1, 3, 30), on_data({2, 5, 40}, 33, 2, 50),
        on_data({2, 5, 140}, 130, 2, 1000), with_particles(on_data({2, 5, 40}, 33, 2, 50)),
        on_grey({2, 5, 40}, 33, 2, Order::iid), on_grey({2, 5, 70}, 5, 2, Order::epochs),
        with_particles(on_grey({2, 5, 70}, 33, 2, Order::epochs))}) {
    expect_close(ensemble, GetParam());
    EXPECT_EQ(helmholtz::trained(GetParam(), ensemble, {30}),
              helmholtz::trained(GetParam(), ensemble, {7, 1, 22}));
  }
}

// Row n has unit n alone on. While rates are so small that P(unit = 1) stays 1/2, the visible bias
// of unit n is rate * (visits of row n - visits / 2): its counts show, to 120 visits' share of
// 1e-4.
TEST(Epochs, EveryRowIsLearntOncePerEpoch) {
  constexpr int kRows = 24;
  constexpr double kRate = 0x1p-20;
  std::vector<std::uint32_t> one_hot;
  for (int n = 0; n < kRows; ++n) one_hot.push_back(1U << n);
  for (const int batch : {1, 5, 8, 24}) {
    auto ensemble = random_ensemble({2, kRows}, batch, 2, 0);
    ensemble.settings[0].rates = LearningRateOptions{.rate = kRate}.resolve(ensemble.topology);
    ensemble.order = Order::epochs;
    ensemble.world = data_world(
        std::make_shared<const Dataset>(Dataset{.name = "one hot", .train = Rows(kRows, one_hot)}));
    const int epochs = std::lcm(kRows, batch) / kRows;
    const auto bias = ensemble.topology.generative(1).bias;
    for (const std::string backend : {"reference", "cpu-fused", "cpu-layered"}) {
      const auto steps = static_cast<std::uint64_t>(epochs * kRows / batch);
      const auto parameters = trained(backend, ensemble, {steps});
      for (std::size_t n = 0; n < kRows; ++n) {
        const double count = parameters[bias + n] / kRate + epochs * kRows / 2.0;
        EXPECT_TRUE(std::abs(count - epochs) <= 0.1) << backend << " " << batch << ": " << count;
      }
    }
  }
}

// Rows of 0 and 255 are bits: no draw can change them.
TEST(Grey, BlackAndWhiteAreBits) {
  auto ensemble = on_data({2, 5, 40}, 4, 2, 50);
  const auto bits = trained("reference", ensemble, {20});
  const auto& rows = ensemble.world.data().rows;
  std::vector<std::uint8_t> grey;
  for (std::size_t n = 0; n < rows->size(); ++n) {
    for (int i = 0; i < 40; ++i) grey.push_back(ensemble.world.bit(n, i) ? 255 : 0);
  }
  ensemble.world = data_world(
      std::make_shared<const Dataset>(Dataset{.name = "grey", .train = Rows(40, std::move(grey))}));
  EXPECT_EQ(trained("reference", ensemble, {20}), bits);
}

TEST(Visits, NeedRows) {
  auto ensemble = random_ensemble({1, 6, 9}, 4, 2);
  ensemble.order = Order::epochs;
  EXPECT_THROW(ensemble.validate(), InvalidArgument);
}

}  // namespace
}  // namespace helmholtz
