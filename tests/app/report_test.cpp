// The report command, and the page that a sweep leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/json.hpp"
#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ReportCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto ran = run_program({"sweep", "--lr", "0.05,0.1", "--seeds", "0:12", "--steps", "40",
                                  "--eval-every", "20", "--out", "run"},
                                 folder_.path());
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("\nreport: run/report.html\n"));
  }

  [[nodiscard]] Finished report(std::vector<std::string> more) const {
    more.insert(more.begin(), {"report", "run"});
    return run_program(more, folder_.path());
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] std::string page(const char* name) const {
    return read_file(folder_.path() / name);
  }

 private:
  TemporaryDirectory folder_;
};

TEST_F(ReportCommand, WritesThePageOfTheSweepAgain) {
  const auto before = page("run/report.html");
  EXPECT_THAT(before, AllOf(HasSubstr("best first"), HasSubstr("generated samples")));
  const auto ran = report({});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(page("run/report.html"), before);
}

// Machines whose parameters a sweep keeps are not trained again: their pictures stay the same.
TEST_F(ReportCommand, DrawsKeptMachinesAsIfTrainedAgain) {
  for (const auto* const kept : {"all", "best:1"}) {
    const auto ran = run_program({"sweep", "--lr", "0.05,0.1", "--seeds", "0:12", "--steps", "40",
                                  "--eval-every", "20", "--save-parameters", kept, "--out", kept},
                                 folder());
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(page((std::string(kept) + "/report.html").c_str()), page("run/report.html")) << kept;
  }
}

TEST_F(ReportCommand, ComparesAndCountsSuccesses) {
  const auto ran = report({"--success-below", "2.5", "--compare", "0,1", "--out", "a.html"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("below 2.5"), HasSubstr("pairs: 12 of the same seed"),
                             HasSubstr("report: a.html")));
  EXPECT_THAT(page("a.html"), AllOf(HasSubstr("<th>below 2.5</th>"), HasSubstr("sign test")));
  const auto json = Json::parse(report({"--json", "--compare", "1,0"}).out);
  EXPECT_EQ(json["machines"], 24);
  EXPECT_EQ(json["comparison"]["pairs"], 12);
}

TEST_F(ReportCommand, RefusesWhatItCannotDo) {
  EXPECT_EQ(report({"--compare", "0,2"}).exit_code, 2);
  EXPECT_EQ(report({"--compare", "1"}).exit_code, 2);
  EXPECT_EQ(report({"--success-below", "-1"}).exit_code, 2);
  EXPECT_EQ(report({"--out", "no/such/folder.html"}).exit_code, 73);
  EXPECT_EQ(run_program({"report", "nothing"}).exit_code, 66);
}

TEST_F(ReportCommand, NeedsTheWholeSweep) {
  std::filesystem::remove(folder() / "run" / "shards" / "00000000.h5");
  const auto ran = report({});
  EXPECT_EQ(ran.exit_code, 66);
  EXPECT_THAT(ran.err, HasSubstr("is not complete"));
}

}  // namespace
}  // namespace helmholtz::testing
