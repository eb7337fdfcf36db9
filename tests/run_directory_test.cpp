// What a sweep leaves on disk, and what is added up from it.
#include "sweep/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <sstream>

#include "helmholtz/error.hpp"
#include "report/fan_chart.hpp"
#include "report/quantiles.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz {
namespace {

using namespace report;

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

SweepSpec two_configurations() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 6, 9})},
          .rates = {0.05, 0.1},
          .seeds = SeedSet::parse("0:5"),
          .steps = 20,
          .eval_every = 10};
}

/// Machine by machine; NaN: diverged.
std::vector<ResultRow> rows_of(const SweepSpec& spec, const std::vector<double>& last_kl) {
  std::vector<ResultRow> rows;
  for (std::uint64_t machine = 0; machine < last_kl.size(); ++machine) {
    for (std::uint64_t e = 0; e < 2; ++e) {
      const double kl = last_kl[machine] + (e == 0 ? 1 : 0);
      rows.push_back({.machine = machine,
                      .seed = spec.seeds[machine / 2],
                      .configuration = machine % 2,
                      .evaluation_number = e,
                      .step = spec.evaluation_step(e),
                      .evaluation = {.kl_exact = kl, .diverged = std::isnan(kl)}});
    }
  }
  return rows;
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Quantiles, AreNumPys) {
  const auto d = describe({4, 1, 3, 2});
  EXPECT_THAT(d.quantiles, Pointwise(DoubleEq(), {1.0, 1.15, 1.75, 2.5, 3.25, 3.85, 4.0}));
  EXPECT_EQ(d.mean, 2.5);
  EXPECT_DOUBLE_EQ(d.sd, std::sqrt(5.0 / 3));
  EXPECT_EQ(d.n, 4U);
}

TEST(Quantiles, OfOneNoneAndInfinity) {
  EXPECT_EQ(describe({7}).quantiles[kMedian], 7);
  EXPECT_TRUE(std::isnan(describe({7}).sd));
  EXPECT_TRUE(std::isnan(describe({}).quantiles[kMedian]));
  EXPECT_TRUE(std::isnan(describe({}).mean));
  const auto d = describe({kInfinity, 1, kInfinity});
  EXPECT_EQ(d.quantiles[kMin], 1);
  EXPECT_EQ(d.quantiles[kQ25], kInfinity);
  EXPECT_EQ(d.quantiles[kMax], kInfinity);
  EXPECT_EQ(d.mean, kInfinity);
  EXPECT_TRUE(std::isnan(d.sd));
}

TEST(Summary, CountsRanksAndOrders) {
  const auto spec = two_configurations();
  Summary summary(spec);
  const double nan = std::nan("");
  const auto rows = rows_of(spec, {0.9, 0.3, 0.7, nan, 0.8, 0.1, 0.6, 0.2, 0.5, nan});
  summary.write(std::span(rows).first(8));
  summary.write(std::span(rows).subspan(8));
  EXPECT_THAT(summary.best_first(), ElementsAre(1, 0));
  EXPECT_EQ(summary.cell(1, 1).diverged, 2U);
  EXPECT_EQ(summary.cell(1, 1).kl.n, 3U);
  EXPECT_EQ(summary.cell(1, 1).kl.quantiles[kMedian], 0.2);
  EXPECT_DOUBLE_EQ(summary.cell(0, 0).kl.mean, 1.7);
  const auto ranking = summary.ranking(1);
  ASSERT_TRUE(ranking);
  EXPECT_EQ(ranking->best.machine, 5U);
  EXPECT_EQ(ranking->best.seed, 2U);
  EXPECT_EQ(ranking->median.machine, 7U);
  EXPECT_EQ(ranking->worst.machine, 1U);
  EXPECT_EQ(ranking->worst.kl, 0.3);
}

TEST(Summary, OfNothingHasNoRanking) {
  const Summary summary(two_configurations());
  EXPECT_FALSE(summary.ranking(0));
  EXPECT_TRUE(summary.best_first().empty());
}

TEST(ResultLine, WritesEveryKindOfNumber) {
  auto spec = two_configurations();
  ResultRow row{.machine = 3,
                .seed = 1,
                .configuration = 1,
                .evaluation_number = 0,
                .step = 10,
                .evaluation = {.kl_exact = 0.1 + 0.2}};
  EXPECT_EQ(result_line(spec, row), "3,1,\"1,6,9\",0.1,1,10,0.30000000000000004,,,ok\n");
  row.evaluation = {.kl_exact = 1, .kl_sampled = kInfinity, .unseen = 4};
  spec.samples = 10;
  EXPECT_EQ(result_line(spec, row), "3,1,\"1,6,9\",0.1,1,10,1,inf,4,ok\n");
  row.evaluation = {.diverged = true};
  EXPECT_EQ(result_line(spec, row), "3,1,\"1,6,9\",0.1,1,10,,,,diverged\n");
}

TEST(RunDirectory, HoldsLinesSummaryAndConfiguration) {
  const testing::TemporaryDirectory temporary;
  const auto spec = two_configurations();
  const auto path = temporary.path() / "new" / "run";
  RunDirectory directory(path, spec);
  Summary summary(spec);
  const auto rows = rows_of(spec, {0.5, 0.25});
  directory.write(rows);
  summary.write(rows);
  directory.finish(summary);
  EXPECT_EQ(read(path / "results.csv"), std::string(kResultColumns) +
                                            "\n0,0,\"1,6,9\",0.05,1,10,1.5,,,ok\n"
                                            "0,0,\"1,6,9\",0.05,1,20,0.5,,,ok\n"
                                            "1,0,\"1,6,9\",0.1,1,10,1.25,,,ok\n"
                                            "1,0,\"1,6,9\",0.1,1,20,0.25,,,ok\n");
  EXPECT_THAT(read(path / "summary.csv"),
              HasSubstr("\n1,\"1,6,9\",0.1,1,constant,zero,20,exact,1,0,0.25,,0.25,0.25,"));
  EXPECT_THAT(read(path / "config.toml"), HasSubstr("seeds = \"0:5\"\n"));
}

TEST(RunDirectory, RefusesWhatIsThere) {
  const testing::TemporaryDirectory temporary;
  const auto spec = two_configurations();
  RunDirectory(temporary.path(), spec);  // empty: fine
  EXPECT_THROW(RunDirectory(temporary.path(), spec), CannotCreate);
  EXPECT_THROW(RunDirectory(temporary.path() / "results.csv", spec), CannotCreate);
  EXPECT_THROW(RunDirectory(temporary.path() / "results.csv" / "run", spec), CannotCreate);
  EXPECT_THROW(RunDirectory("/proc/helmholtz", spec), CannotCreate);
}

TEST(OutputFile, CutsOffWhatADiskDidNotTake) {
  const testing::TemporaryDirectory temporary;
  OutputFile file(temporary.path() / "file");
  file.append("complete\n");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit twelve_bytes{.rlim_cur = 12, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &twelve_bytes);
  EXPECT_THROW(file.append("half of this line fits\n"), IoError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read(temporary.path() / "file"), "complete\n");
}

TEST(FanChart, ShowsTheMedianFalling) {
  const auto chart = fan_chart({describe({2, 2, 2}), describe({1, 1, 1})}, "10", "20");
  EXPECT_THAT(chart, HasSubstr("  2.000 ┤██████████████████████████████          "));
  EXPECT_THAT(chart, HasSubstr("10"));
  EXPECT_EQ(fan_chart({describe({})}, "10", "20"), "");
}

}  // namespace
}  // namespace helmholtz
