// Statistics as text: tables of the terminal, comparisons, summary.csv.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "helmholtz/summary.hpp"
#include "report/sweep_report.hpp"
#include "support/not_finite.hpp"
#include "support/small_sweep.hpp"

namespace helmholtz::report {
namespace {

using testing::kInfinity;
using testing::kNaN;

using testing::shard_of;
using testing::two_configurations;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SummaryCsv, HasEveryStatistic) {
  const auto spec = two_configurations();
  Summary summary(spec);
  summary.write(shard_of(spec, {0.5, 0.25, 0.5, kNaN}));
  EXPECT_THAT(summary_csv(Statistics(summary, 0.5)),
              HasSubstr("\n1,\"1,6,9\",0.1,1,constant,zero,20,exact,1,1,0.25,,"
                        "0.25,0.25,0.25,0.25,0.25,0.25,0.25,0.25,,,0.5,0.5,0.0125791"));
  EXPECT_THAT(summary_csv(Statistics(summary)), HasSubstr(",0.25,,,,,,,0,0\n"));
}

TEST(SummaryCsv, IsPublicForResultsInMemory) {
  const auto spec = two_configurations();
  const auto results = shard_of(spec, {0.5, 0.25, 0.5, kNaN});
  Summary summary(spec);
  summary.write(results);
  EXPECT_EQ(helmholtz::summary_csv(spec, results), summary_csv(Statistics(summary)));
}

TEST(ConfigurationText, HasNoRateThatNoLayerLearnsWith) {
  auto spec = two_configurations();
  spec.rate_overrides.generative = 0.25;
  EXPECT_EQ(configuration_text(spec, 0), "layers 1,6,9, lr 0.05, lr-generative 0.25, batch 1");
  spec.rate_overrides.recognition = 0.5;
  EXPECT_THAT(configuration_text(spec, 0), Not(HasSubstr("lr 0.05")));
}

/// One configuration's words at the last step, split at spaces.
std::vector<std::string> last_row(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> words;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream row(line);
    std::string first;
    row >> first;
    if (first != "20") continue;
    words = {first};
    for (std::string word; row >> word;) words.push_back(word);
  }
  return words;
}

TEST(QuantileTables, KeepColumnsApartAndSayWhatIsInfinite) {
  auto spec = two_configurations();
  spec.rates = {0.05};
  Summary summary(spec);
  summary.write(shard_of(spec, {0.5, kInfinity, 12'345'678.0, kNaN, kInfinity}));
  const auto text = quantile_tables(Statistics(summary), 5);
  // 0.5, 1.2e7, inf, inf: a quantile beside an infinite value is infinite.
  EXPECT_THAT(last_row(text), ElementsAre("20", "1.85e+06", "9.26e+06", "inf", "inf", "inf", "inf",
                                          "inf", "5", "1", "2"));
  EXPECT_THAT(text,
              AllOf(HasSubstr("infinite\n"), HasSubstr("\ninf: "), HasSubstr("diverged; -:")));
  Summary lost(spec);
  lost.write(shard_of(spec, {kNaN, kNaN}));
  EXPECT_THAT(last_row(quantile_tables(Statistics(lost), 5)),
              ElementsAre("20", "-", "-", "-", "-", "-", "-", "-", "2", "2"));
}

TEST(Comparison, CountsThePairsThatAreLeftOut) {
  const auto spec = two_configurations();
  const auto text_of = [&](const std::vector<double>& kl) {
    Summary summary(spec);
    summary.write(shard_of(spec, kl));
    std::string text;
    for (const auto& item : comparison_items(Statistics(summary), 0, 1)) {
      text += item.term + ": " + item.text + '\n';
    }
    return text;
  };
  const auto some = text_of({0.5, 0.25, kInfinity, 1, kNaN, 1, 1, kInfinity, kNaN, kInfinity});
  EXPECT_THAT(
      some,
      AllOf(HasSubstr("KL of B: median 0.2500"), HasSubstr("in 1 pair of finite values"),
            HasSubstr("4 pairs left out"), HasSubstr("2 with a machine that diverged"),
            HasSubstr("2 with a KL of inf"), HasSubstr("exact KL of A"), Not(HasSubstr("nan"))));
  const auto none = text_of({kNaN, kNaN, kInfinity, kInfinity});
  EXPECT_THAT(none, AllOf(HasSubstr("no pair of finite values"), HasSubstr("no pair differs"),
                          HasSubstr("2 pairs left out"), Not(HasSubstr("nan"))));
}

TEST(SummaryCsv, CountsTheInfinite) {
  auto spec = two_configurations();
  spec.rates = {0.05};
  Summary summary(spec);
  summary.write(shard_of(spec, {kInfinity, 0.5, kInfinity, kNaN}));
  EXPECT_THAT(summary_csv(Statistics(summary)), HasSubstr(",20,exact,3,1,inf,,0.5,"));
  EXPECT_THAT(summary_csv(Statistics(summary)), HasSubstr(",1,2\n"));
}

TEST(QuantileTables, ShowTheShareBelowWhenAsked) {
  const auto spec = two_configurations();
  Summary summary(spec);
  summary.write(shard_of(spec, {0.5, 0.25, 0.75, kNaN}));
  const auto text = quantile_tables(Statistics(summary, 0.3), 5);
  EXPECT_THAT(text, HasSubstr("  diverged   below 0.3\n"));
  EXPECT_THAT(text, HasSubstr("  0.2500         2         1     50.00 %\n"));
  EXPECT_THAT(quantile_tables(Statistics(summary), 5), Not(HasSubstr("%\n")));
}

}  // namespace
}  // namespace helmholtz::report
