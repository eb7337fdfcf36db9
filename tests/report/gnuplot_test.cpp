// The program that draws a page's pictures: text stays text, and a failure is named.
#include "report/html/gnuplot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "report/html/plots.hpp"
#include "report/html/sections.hpp"
#include "support/html_page.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::report {
namespace {

using testing::four_configurations;
using testing::nesting_fault;
using testing::report_of;
using testing::TemporaryDirectory;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Gnuplot, TakesTextForText) {
  const TemporaryDirectory folder;
  const auto trap = folder.path() / "trap";
  const auto name = fmt::format("'; system('touch {0}'); print '`touch {0}`\nquit", trap.string());
  const auto picture = draw_line(Gnuplot(), {.name = "a 'setting' <b>", .entries = {name, "<&>"}},
                                 {describe({1, 2, 3}), describe({2, 3, 4})}, {.name = "KL"});
  ASSERT_TRUE(picture);
  EXPECT_THAT(nesting_fault(*picture), IsEmpty());
  EXPECT_THAT(*picture, AllOf(HasSubstr("system("), HasSubstr("&lt;&amp;>")));
  EXPECT_FALSE(std::filesystem::exists(trap));
}

TEST(Gnuplot, GivesNothingForAScriptThatFails) {
  const Gnuplot gnuplot;
  EXPECT_TRUE(gnuplot.is_there());
  EXPECT_TRUE(gnuplot.draw("plot x\n", {.width = 200, .height = 100}, "a line"));
  EXPECT_THAT(gnuplot.failure(), IsEmpty());
  EXPECT_FALSE(gnuplot.draw("plot nonsense(x)\n", {.width = 200, .height = 100}, "nothing"));
  EXPECT_THAT(gnuplot.failure(), HasSubstr("undefined function"));
  EXPECT_FALSE(gnuplot.draw("", {.width = 200, .height = 100}, "nothing"));
}

// The system then forgets how a child ended.
TEST(Gnuplot, DrawsWhereChildrenAreIgnored) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const Gnuplot gnuplot;
  EXPECT_TRUE(gnuplot.is_there()) << gnuplot.failure();
  EXPECT_FALSE(gnuplot.draw("plot nonsense(x)\n", {.width = 200, .height = 100}, "nothing"));
  EXPECT_THAT(gnuplot.failure(), HasSubstr("undefined function"));
  std::signal(SIGCHLD, before);
}

/// PATH is a folder with nothing, or a shell script named gnuplot, while this lives.
class OnlyGnuplot {
 public:
  explicit OnlyGnuplot(const std::string& script = "",
                       std::filesystem::perms permissions = std::filesystem::perms::owner_all) {
    const auto path = folder_.path() / "gnuplot";
    if (!script.empty()) {
      std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
      std::filesystem::permissions(path, permissions);
    }
    setenv("PATH", folder_.path().c_str(), 1);
  }
  ~OnlyGnuplot() { setenv("PATH", before_.c_str(), 1); }
  OnlyGnuplot(const OnlyGnuplot&) = delete;
  OnlyGnuplot& operator=(const OnlyGnuplot&) = delete;

 private:
  TemporaryDirectory folder_;
  std::string before_ = std::getenv("PATH");
};

TEST(HtmlReport, KeepsTablesAndTilesWithoutGnuplot) {
  const OnlyGnuplot without;
  const auto html = report_of(four_configurations());
  EXPECT_THAT(nesting_fault(html), IsEmpty());
  EXPECT_THAT(html, AllOf(HasSubstr("gnuplot was not found"), HasSubstr("Missing are the pictures"),
                          HasSubstr("Configurations, best first"), HasSubstr("class=\"tile\""),
                          Not(HasSubstr("class=\"plot\""))));
  EXPECT_THAT(Gnuplot().failure(), IsEmpty());
}

TEST(HtmlReport, SaysThatGnuplotCannotBeExecuted) {
  const OnlyGnuplot forbidden("exit 0", std::filesystem::perms::owner_read);
  EXPECT_THAT(Gnuplot().failure(),
              HasSubstr(std::string("cannot be executed: ") + std::strerror(EACCES)));
}

TEST(HtmlReport, SaysHowGnuplotFailed) {
  struct Case {
    std::string script;
    std::string failure;
  };
  const std::vector<Case> cases = {
      {"echo >&2; echo '  line 0: <bad> terminal' >&2; exit 3", "status 3: line 0: <bad> terminal"},
      {"printf '\\033[31mred\\n' >&2; exit 1", "status 1: ?[31mred"},
      {"exit 0", "failed: no picture that fits a page"},
      {"echo '<svg></svg>'; echo 'no fonts' >&2", "failed: no picture that fits a page: no fonts"},
      {"kill -9 $$", "signal 9"}};
  for (const auto& c : cases) {
    const OnlyGnuplot failing(c.script);
    EXPECT_THAT(Gnuplot().failure(), HasSubstr(c.failure));
    const auto html = report_of(four_configurations());
    EXPECT_THAT(nesting_fault(html), IsEmpty());
    EXPECT_THAT(html, AllOf(HasSubstr(escaped(c.failure)), HasSubstr("Missing are the pictures"),
                            Not(HasSubstr("not found")), Not(HasSubstr("Nothing to draw")),
                            Not(HasSubstr("class=\"plot\""))));
  }
}

// Draws the small picture that is tried first, fails later.
TEST(HtmlReport, SaysThatOnlySomePicturesFailed) {
  const OnlyGnuplot failing(
      "read first; case \"$first\" in *100,80*) echo '<svg><path/></svg>';; "
      "*) echo late >&2; exit 4;; esac");
  const auto html = report_of(four_configurations());
  EXPECT_THAT(html, AllOf(HasSubstr("Pictures are missing: gnuplot failed: status 4: late"),
                          Not(HasSubstr("Nothing to draw")), Not(HasSubstr("class=\"plot\""))));
}

}  // namespace
}  // namespace helmholtz::report
