// The page of a sweep: whole, self-contained, true to summary.csv, and safe whatever a name holds.
#include "report/html/html_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "report/html/plots.hpp"
#include "report/html/sections.hpp"
#include "report/sweep_report.hpp"
#include "support/html_page.hpp"
#include "support/not_finite.hpp"

namespace helmholtz::report {
namespace {

using testing::kInfinity;
using testing::kNaN;

using testing::four_configurations;
using testing::kResults;
using testing::nesting_fault;
using testing::report_of;
using testing::statistics_of;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

void expect_self_contained(const std::string& html) {
  for (const auto* const foreign :
       {"<script", "http", "src=", "href", "url(", "@import", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(foreign)));
  }
}

TEST(Html, EscapesWhateverTextHolds) {
  EXPECT_EQ(escaped("<b>&\"'</b>"), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
  EXPECT_EQ(escaped("µ ∞ 𝄞"), "µ ∞ 𝄞");
  EXPECT_EQ(escaped("a\nb\x7f"), "a?b?");
  // A lone byte, a cut sequence, overlong ones, a surrogate, beyond U+10FFFF.
  EXPECT_EQ(escaped("\xFFz"), "?z");
  EXPECT_EQ(escaped("\xE2\x88"), "??");
  EXPECT_EQ(escaped("\xC0\xAF"), "??");
  EXPECT_EQ(escaped("\xE0\x80\xAF"), "???");
  EXPECT_EQ(escaped("\xED\xA0\x80"), "???");
  EXPECT_EQ(escaped("\xF4\x90\x80\x80"), "????");
}

TEST(HtmlReport, SaysWhatALogLikelihoodIsOf) {
  auto spec = four_configurations();
  for (auto& topology : spec.topologies) topology = Topology({topology.size(0) + 24, 9});
  spec.log_likelihood = 1000;
  const auto html = report_of(spec, 2.5);
  EXPECT_THAT(nesting_fault(html), IsEmpty());
  EXPECT_THAT(html,
              AllOf(HasSubstr("The log-likelihood (of the world&#39;s 12 patterns, K = 1,000) "
                              "after 20 steps, in nats"),
                    HasSubstr("log-likelihood over the steps"), HasSubstr("Final log-likelihood"),
                    HasSubstr("<th>above -2.5</th>"),
                    HasSubstr("log-likelihood of A minus log-likelihood of B")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("KL")), Not(HasSubstr("in the model"))));
  spec = four_configurations();
  spec.log_likelihood = 1000;
  EXPECT_THAT(
      report_of(spec),
      AllOf(HasSubstr("<h2>KL over the steps"), HasSubstr("<h2>log-likelihood over the steps"),
            HasSubstr("<h2>Final KL"), HasSubstr("<h2>Final log-likelihood")));
}

TEST(HtmlReport, HasEverySectionAndNothingFromElsewhere) {
  const auto html = report_of(four_configurations(), 0.3);
  EXPECT_THAT(nesting_fault(html), IsEmpty());
  expect_self_contained(html);
  for (const auto* const heading :
       {"20 machines, world kirby3x3", "Configurations, best first", "on the same seeds",
        "KL over the steps", "Final KL", "By layers and learning rate", "best machine: number 11",
        "Patterns in the world and in the model", "32 generated samples", "How often units are on",
        "Generative weights into the visible layer", "Weights between hidden layers"}) {
    EXPECT_THAT(html, HasSubstr(heading));
  }
  // Four fans, four histograms, a heat map, bars.
  std::size_t plots = 0;
  for (auto at = html.find("class=\"plot\""); at != std::string::npos;
       at = html.find("class=\"plot\"", at + 1)) {
    ++plots;
  }
  EXPECT_EQ(plots, 10U);
  EXPECT_THAT(html, HasSubstr("1 of 20 machines"));
}

TEST(HtmlReport, HasTheNumbersOfTheSummary) {
  const auto spec = four_configurations();
  const auto statistics = statistics_of(spec, kResults, 0.3);
  const auto csv = summary_csv(statistics);
  const auto html = report_of(spec, 0.3);
  // Configuration 3 by hand: 0.2, 0.2, 0.25, 0.3, 0.31; IQM (0.75 * 0.2 + 0.25 + 0.75 * 0.3) / 2.5.
  EXPECT_THAT(csv, HasSubstr("\n3,\"2,3,9\",0.1,1,constant,zero,20,exact,5,0,0.252,"));
  EXPECT_THAT(csv, HasSubstr(",0.25,,,0.3,0.6,"));
  EXPECT_THAT(html, HasSubstr("<tr><td>3</td><td class=\"text\">layers 2,3,9, lr 0.1, batch 1</td>"
                              "<td>5</td><td>0</td><td>0.2500</td><td>–</td><td>0.2500</td>"));
  EXPECT_THAT(html,
              AllOf(HasSubstr("<td>60.0 %</td>"), HasSubstr("<td class=\"text\">2, 3, 4</td>")));
  EXPECT_THAT(html, HasSubstr("A better in 5, B in 0, ties 0"));
  EXPECT_THAT(html, HasSubstr("p = 0.0625"));
}

TEST(HtmlReport, OfOneConfigurationHasNoHeatMap) {
  auto spec = testing::two_configurations();
  spec.rates = {0.05};
  const auto html = html_report(statistics_of(spec, {0.5, 0.6}), {}, Gnuplot());
  EXPECT_THAT(html, AllOf(HasSubstr("KL over the steps"), Not(HasSubstr("<h2>By "))));
  const auto line =
      html_report(statistics_of(testing::two_configurations(), {0.5, 0.6}), {}, Gnuplot());
  EXPECT_THAT(line, HasSubstr("<h2>By learning rate</h2>"));
}

TEST(HtmlReport, CountsWhatIsInfiniteOrLeftOut) {
  auto spec = testing::two_configurations();
  const auto page =
      html_report(statistics_of(spec, {0.5, 0.25, kInfinity, 1, kNaN, 1, kInfinity, kInfinity}),
                  {.machines = {}, .compare = {{0, 1}}}, Gnuplot());
  EXPECT_THAT(nesting_fault(page), IsEmpty());
  EXPECT_THAT(page,
              AllOf(HasSubstr("<th>at ∞</th>"), HasSubstr("<td>4</td><td>1</td><td>2</td>"),
                    HasSubstr("3 pairs left out: 1 with a machine that diverged, 2 with a KL"),
                    HasSubstr("The exact KL(world || model)"), Not(HasSubstr("nan"))));
  EXPECT_THAT(report_of(four_configurations()), Not(HasSubstr("<th>at ∞</th>")));
}

TEST(HtmlReport, ListsAHundredConfigurationsAndCountsTheRest) {
  auto spec = testing::two_configurations();
  spec.seeds = SeedSet::parse("0");
  const auto page_of = [&](std::size_t configurations) {
    spec.rates.clear();
    for (std::size_t i = 1; i <= configurations; ++i)
      spec.rates.push_back(1e-4 * static_cast<double>(i));
    const std::vector<double> results(configurations, 0.5);
    return html_report(statistics_of(spec, results), {}, Gnuplot());
  };
  EXPECT_THAT(page_of(100), Not(HasSubstr(" more are in summary.csv")));
  EXPECT_THAT(page_of(101), HasSubstr("1 more are in summary.csv"));
}

TEST(HtmlReport, SaysWhereNothingIsFinite) {
  const auto spec = testing::two_configurations();
  for (const double kl : {kInfinity, kNaN}) {
    const auto html = html_report(statistics_of(spec, std::vector<double>(10, kl)), {}, Gnuplot());
    EXPECT_THAT(nesting_fault(html), IsEmpty());
    EXPECT_THAT(html, AllOf(HasSubstr("Nothing to draw"), Not(HasSubstr("class=\"plot\""))));
  }
}

TEST(HtmlReport, IsSafeFromTheNameOfAWorld) {
  auto spec = four_configurations();
  const std::string name = "file:</h1><script>alert(1)</script>'\"`touch here`\xFF";
  spec.world =
      World(name, {.rows = 3, .columns = 3},
            {{.bits = {1, 0, 0, 1, 0, 0, 1, 0, 0}}, {.bits = {0, 0, 1, 0, 0, 1, 0, 0, 1}}});
  const auto html = report_of(spec);
  EXPECT_THAT(nesting_fault(html), IsEmpty());
  expect_self_contained(html);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
}

TEST(Histogram, CountsEveryMachineOnce) {
  const auto histogram = histogram_of({1, 1, 2, 3, 3.5, kInfinity, kNaN, kNaN}, 1, 3);
  EXPECT_EQ(histogram.counts.size(), 8U);
  EXPECT_EQ(histogram.counts.front(), 2);
  EXPECT_EQ(histogram.counts[4], 1);
  EXPECT_EQ(histogram.counts.back(), 1);
  EXPECT_EQ(histogram.outside, 1U);
  EXPECT_EQ(histogram.infinite, 1U);
  EXPECT_EQ(histogram.diverged, 2U);
}

TEST(Tiles, ShowBitsAndSigns) {
  const std::vector<std::uint8_t> bits = {1, 1, 0, 1};
  EXPECT_THAT(bit_tile(bits, {.rows = 2, .columns = 2}),
              AllOf(HasSubstr("class=\"on\" d=\"M0 0h2v1h-2zM1 1h1v1h-1z\""),
                    HasSubstr("class=\"off\" d=\"M0 1h1v1h-1z\"")));
  const std::vector<float> weights = {-9, 0, 1};
  EXPECT_THAT(weight_tile(weights, {.rows = 1, .columns = 3}, 1),
              AllOf(HasSubstr("fill=\"#2166ac\" d=\"M0 0"), HasSubstr("fill=\"#f7f7f7\" d=\"M1 0"),
                    HasSubstr("fill=\"#b2182b\" d=\"M2 0")));
}

}  // namespace
}  // namespace helmholtz::report
