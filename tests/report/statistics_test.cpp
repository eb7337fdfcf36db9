// Statistics over machines, against values worked by hand or published.
#include "report/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "report/sweep_report.hpp"
#include "support/not_finite.hpp"
#include "support/small_sweep.hpp"
#include "sweep/memory.hpp"

namespace helmholtz::report {
namespace {

using testing::kInfinity;
using testing::kNaN;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// n values at the middles of equal slices of an exponential distribution, ascending.
std::vector<double> exponential(std::size_t n) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = -std::log1p(-(static_cast<double>(i) + 0.5) / static_cast<double>(n));
  }
  return values;
}

/// What the interval of a 25 % trimmed mean is for many values: the Winsorized standard deviation
/// over half the root of n (Tukey & McLaughlin 1963), times the normal quantile.
double half_width(std::vector<double> sorted) {
  const auto n = static_cast<double>(sorted.size());
  const double low = sorted[sorted.size() / 4];
  const double high = sorted[sorted.size() - 1 - sorted.size() / 4];
  for (auto& x : sorted) x = std::clamp(x, low, high);
  return 1.959964 * describe(sorted).sd / (0.5 * std::sqrt(n));
}

TEST(InterquartileMean, CutsOffAQuarterAtEachEnd) {
  const std::vector<double> eight = {-100, 0, 1, 2, 3, 4, 90, 1000};
  EXPECT_DOUBLE_EQ(interquartile_mean(eight).value, 2.5);
  // Of five, a value and a quarter go at each end: (0.75 * 2 + 3 + 0.75 * 7) / 2.5.
  const std::vector<double> five = {1, 2, 3, 7, 100};
  EXPECT_DOUBLE_EQ(interquartile_mean(five).value, 3.9);
  EXPECT_EQ(interquartile_mean(std::vector<double>{7}).value, 7);
  EXPECT_EQ(interquartile_mean(std::vector<double>{1, 2}).value, 1.5);
  EXPECT_TRUE(std::isnan(interquartile_mean({}).value));
}

TEST(InterquartileMean, IsInfiniteOnlyIfTheMiddleIs) {
  EXPECT_EQ(interquartile_mean(std::vector<double>{1, 2, 4, kInfinity}).value, 3);
  EXPECT_EQ(interquartile_mean(std::vector<double>{1, 2, kInfinity, kInfinity}).value, kInfinity);
}

TEST(Bootstrap, AgreesWithTheTrimmedMeansStandardError) {
  // Few values a group, many (normal weights), and a size that groups do not divide.
  for (const std::size_t n : {100U, 1000U, 3001U, 100'000U}) {
    const auto values = exponential(n);
    const auto interval = interquartile_mean(values).interval;
    const double middle = interquartile_mean(values).value;
    EXPECT_LT(interval.low, middle) << n;
    EXPECT_GT(interval.high, middle) << n;
    // Replicates are 1,000: an end of the interval is known to about 8 % of its distance.
    EXPECT_NEAR((interval.high - interval.low) / 2 / half_width(values), 1, 0.1) << n;
  }
}

TEST(Bootstrap, NeedsAFewValuesAndKeepsInfinity) {
  EXPECT_TRUE(std::isnan(interquartile_mean(exponential(7)).interval.low));
  EXPECT_FALSE(std::isnan(interquartile_mean(exponential(8)).interval.low));
  const std::vector<double> equal(1000, 3.0);
  EXPECT_DOUBLE_EQ(interquartile_mean(equal).interval.low, 3);
  EXPECT_DOUBLE_EQ(interquartile_mean(equal).interval.high, 3);
  auto values = exponential(100);
  std::fill(values.begin() + 74, values.end(), kInfinity);
  const auto interval = interquartile_mean(values).interval;
  EXPECT_TRUE(std::isfinite(interval.low));
  EXPECT_EQ(interval.high, kInfinity);
}

TEST(Share, HasTheIntervalOfClopperAndPearson) {
  // 95 % limits for 10 of 20 and for 0 and 10 of 10, as tabulated.
  const auto half = share_of(10, 20);
  EXPECT_EQ(half.value, 0.5);
  EXPECT_NEAR(half.interval.low, 0.2720, 5e-5);
  EXPECT_NEAR(half.interval.high, 0.7280, 5e-5);
  EXPECT_EQ(share_of(0, 10).interval.low, 0);
  EXPECT_NEAR(share_of(0, 10).interval.high, 1 - std::pow(0.025, 0.1), 1e-12);
  EXPECT_NEAR(share_of(10, 10).interval.low, std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(share_of(10, 10).interval.high, 1);
  EXPECT_TRUE(std::isnan(share_of(0, 0).value));
}

TEST(PairedComparison, CountsDivergedMachinesAsWorst) {
  const std::vector<double> a = {1, 2, 3, kInfinity, kNaN, kNaN, 5};
  const std::vector<double> b = {2, 1.5, 3, kNaN, kInfinity, kNaN, 9};
  const auto out = compare(a, b, metrics()[0]);
  EXPECT_EQ(out.pairs, 7U);
  EXPECT_EQ(out.a_better, 3U);
  EXPECT_EQ(out.b_better, 2U);
  EXPECT_EQ(out.ties(), 2U);
  EXPECT_EQ(out.difference.n, 4U);
  EXPECT_EQ(out.diverged, 3U);
  EXPECT_EQ(out.infinite, 0U);
  EXPECT_DOUBLE_EQ(out.difference.mean, (-1 + 0.5 + 0 - 4) / 4);
  EXPECT_DOUBLE_EQ(out.difference.quantiles[kMedian], -0.5);
  EXPECT_DOUBLE_EQ(out.a_share.value, 0.6);
}

TEST(PairedComparison, HasTheSignTestsPValue) {
  const auto p_value = [](std::size_t better, std::size_t worse) {
    std::vector<double> a(better, -1.0);
    a.resize(better + worse, 1.0);
    return compare(a, std::vector<double>(better + worse, 0.0), metrics()[0]).p_value;
  };
  // 2 * (1 + 8) / 2^8 and 2 * (1 + 10 + 45) / 2^10.
  EXPECT_DOUBLE_EQ(p_value(7, 1), 18.0 / 256);
  EXPECT_DOUBLE_EQ(p_value(2, 8), 112.0 / 1024);
  EXPECT_EQ(p_value(5, 5), 1);
  EXPECT_TRUE(std::isnan(p_value(0, 0)));
  // Arbuthnot's 82 years of more boys than girls: 2 / 2^82.
  EXPECT_DOUBLE_EQ(p_value(82, 0), std::ldexp(1.0, -81));
}

using testing::shard_of;
using testing::two_configurations;

TEST(Statistics, CountRankAndOrder) {
  const auto spec = two_configurations();
  Summary summary(spec);
  summary.write(shard_of(spec, {0.9, 0.3, 0.7, kNaN, 0.8, 0.1, 0.6, 0.2}));
  summary.write(shard_of(spec, {0.5, kNaN}, 8));
  const Statistics statistics(summary, 0.3);
  EXPECT_THAT(statistics.best_first(), ElementsAre(1, 0));
  EXPECT_EQ(statistics.diverged(), 2U);
  EXPECT_EQ(statistics.last(1).diverged, 2U);
  EXPECT_EQ(statistics.last(1).values.n, 3U);
  EXPECT_EQ(statistics.last(1).values.quantiles[kMedian], 0.2);
  EXPECT_EQ(statistics.last(1).best_seed, 2U);
  EXPECT_DOUBLE_EQ(statistics.cell(0, 0).values.mean, 1.7);
  // 0.1 and 0.2 of five machines: 0.3 is not below 0.3, and diverged is no success.
  EXPECT_DOUBLE_EQ(statistics.last(1).success.value, 0.4);
  const auto ranking = statistics.ranking(1);
  ASSERT_TRUE(ranking);
  EXPECT_EQ(ranking->best.machine, 5U);
  EXPECT_EQ(ranking->best.seed, 2U);
  EXPECT_EQ(ranking->median.machine, 7U);
  EXPECT_EQ(ranking->worst.machine, 1U);
  EXPECT_EQ(ranking->worst.value, 0.3);
  const auto best = statistics.best_machines(1, 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[1].seed, 3U);
  EXPECT_EQ(statistics.best_machines(1, 9).size(), 3U);
  EXPECT_EQ(statistics.compare(1, 0).a_better, 3U);
  EXPECT_EQ(statistics.compare(1, 0).b_better, 2U);
}

TEST(Statistics, RankTheLowerOfTwoMiddleMachines) {
  auto spec = two_configurations();
  spec.rates = {0.05};
  Summary summary(spec);
  summary.write(shard_of(spec, {0.4, 0.1, 0.3, 0.2, kNaN}));
  EXPECT_EQ(Statistics(summary).ranking(0)->median.machine, 3U);
}

TEST(Statistics, AreOfTheSampledKlWhereThereIsNoExactOne) {
  auto spec = two_configurations();
  spec.topologies = {Topology({10, 11, 9})};
  spec.samples = 5;
  auto shard = shard_of(spec, {0.4, 0.1});
  auto& exact = shard.column("kl_exact");
  std::fill(exact.begin(), exact.end(), kNaN);
  Summary summary(spec);
  summary.write(shard);
  const Statistics statistics(summary);
  EXPECT_EQ(statistics.kind(0), "sampled");
  EXPECT_EQ(statistics.last(0).values.mean, 0.4);
  EXPECT_EQ(statistics.diverged(), 0U);
}

/// Two configurations that only the log-likelihood ranks.
SweepSpec by_log_likelihood() {
  auto spec = two_configurations();
  spec.topologies = {Topology({25, 9})};
  spec.log_likelihood = 10;
  return spec;
}

TEST(Statistics, RankTheHigherLogLikelihoodFirst) {
  const auto spec = by_log_likelihood();
  Summary summary(spec);  // the log-likelihood is the negative of these
  summary.write(shard_of(spec, {0.9, 0.3, 0.7, kNaN, 0.8, 0.1, 0.6, 0.2, 0.5, kNaN}));
  const Statistics statistics(summary, 0.3);
  EXPECT_EQ(statistics.kind(0), "log-likelihood");
  EXPECT_EQ(statistics.full_name(), "log-likelihood (of the world's 12 patterns, K = 10)");
  EXPECT_THAT(statistics.best_first(), ElementsAre(1, 0));
  EXPECT_EQ(statistics.last(1).diverged, 2U);
  EXPECT_EQ(statistics.last(1).values.quantiles[kMedian], -0.2);
  EXPECT_EQ(statistics.last(1).best_seed, 2U);
  EXPECT_DOUBLE_EQ(statistics.last(1).success.value, 0.4);  // above -0.3
  const auto ranking = statistics.ranking(1);
  ASSERT_TRUE(ranking);
  EXPECT_EQ(ranking->best.machine, 5U);
  EXPECT_EQ(ranking->best.value, -0.1);
  EXPECT_EQ(ranking->worst.value, -0.3);
  EXPECT_EQ(statistics.compare(1, 0).a_better, 3U);
  EXPECT_EQ(statistics.compare(1, 0).b_better, 2U);
  EXPECT_NEAR(statistics.compare(1, 0).difference.quantiles[kMax], 0.7, 1e-12);
}

TEST(Statistics, HaveALogLikelihoodBesideAKl) {
  auto spec = two_configurations();
  EXPECT_EQ(Statistics(Summary(spec)).likelihood(), nullptr);
  const auto memory = sweep_memory(spec, 16).summary;
  spec.log_likelihood = 10;
  EXPECT_EQ(sweep_memory(spec, 16).summary, 2 * memory);
  Summary summary(spec);
  summary.write(shard_of(spec, {0.9, 0.3, 0.7, kNaN, 0.8, 0.1, 0.6, 0.2, 0.5, kNaN}));
  const Statistics statistics(summary);
  EXPECT_EQ(statistics.kind(1), "exact");
  EXPECT_EQ(statistics.last(1).values.quantiles[kMedian], 0.2);
  const auto* const likelihood = statistics.likelihood();
  ASSERT_NE(likelihood, nullptr);
  EXPECT_EQ(likelihood->kind(1), "log-likelihood");
  EXPECT_EQ(likelihood->last(1).values.quantiles[kMedian], -0.2);
  EXPECT_EQ(likelihood->last(1).diverged, 2U);
  EXPECT_EQ(likelihood->likelihood(), nullptr);
  const auto csv = summary_csv(statistics);
  EXPECT_THAT(csv, HasSubstr("1,\"1,6,9\",0.1,1,constant,zero,20,exact,3,2,"));
  EXPECT_THAT(csv, HasSubstr("1,\"1,6,9\",0.1,1,constant,zero,20,log-likelihood,3,2,"));
  EXPECT_THAT(quantile_tables(statistics, 5),
              HasSubstr("log-likelihood (of the world's 12 patterns, K = 10) in nats"));
}

TEST(Statistics, OfNothingHaveNoRanking) {
  const auto spec = two_configurations();
  const Summary summary(spec);
  const Statistics statistics(summary);
  EXPECT_FALSE(statistics.ranking(0));
  EXPECT_TRUE(statistics.best_first().empty());
  EXPECT_TRUE(std::isnan(statistics.last(0).success.value));
}

}  // namespace
}  // namespace helmholtz::report
