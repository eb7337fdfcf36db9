// What a run directory is for: the sweep of its configuration, and no other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include <toml++/toml.h>

#include "helmholtz/run_directory.hpp"
#include "run/config.hpp"
#include "run/manifest.hpp"
#include "support/a_run.hpp"

namespace helmholtz {
namespace {

using testing::ARun;
using testing::read_file;
using testing::two_configurations;

using ::testing::HasSubstr;

TEST_F(ARun, OfABadSpecLeavesNothingBehind) {
  auto none = two_configurations();
  none.rates = {};
  auto wide = two_configurations();
  wide.topologies = {Topology({1, 6, 8})};
  auto equal = two_configurations();
  equal.rates = {0.3, 0.3};
  for (const auto& spec : {none, wide, equal}) {
    EXPECT_THROW(RunDirectory(path_, spec), InvalidArgument) << spec.to_toml();
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(ARun, RefusesAnotherConfigurationAndNamesTheDifference) {
  auto spec = two_configurations();
  sweep(spec);
  spec.threads = 2;
  spec.backend = "reference";  // the same bits
  EXPECT_EQ(message(spec), "opened");
  spec.rates = {0.05, 0.2};
  spec.nonnegative = true;
  EXPECT_THAT(message(spec), HasSubstr("holds another sweep: lr: 0.05; 0.1 there, 0.05; 0.2 now; "
                                       "nonnegative: false there, true now"));
  spec = two_configurations();
  spec.backend = "cpu-layered";
  EXPECT_THAT(message(spec), HasSubstr("backend: exact there, cpu-layered now"));
}

TEST_F(ARun, AWorldIsItsPatterns) {
  const auto a = temporary_.path() / "a";
  std::ofstream(a) << "110110110\n001001001 | 2\n";
  auto spec = two_configurations();
  spec.world = make_world("file:" + a.string());
  sweep(spec);
  spec.world = make_world("file:" + (path_ / "world.txt").string());
  EXPECT_EQ(message(spec), "opened");
  std::ofstream(a) << "110110110\n001001001 | 3\n";
  spec.world = make_world("file:" + a.string());
  EXPECT_THAT(message(spec), HasSubstr("world: 9 units, 2 patterns"));
}

TEST_F(ARun, NamesAnyWorldInItsConfiguration) {
  auto spec = two_configurations();
  for (const std::string name : {"/a\nb\x7F", "/both \" and '", "/back\\slash", "/\xC3\xA9"}) {
    spec.world = {
        "file:" + name, {.rows = 1, .columns = 9}, {{.bits = std::vector<std::uint8_t>(9)}}};
    const auto config = toml::parse(config_text(spec));
    EXPECT_EQ(config["world"].value<std::string>(), "file:" + name);
  }
  spec.world = {"file:/\xFF", {.rows = 1, .columns = 9}, {{.bits = std::vector<std::uint8_t>(9)}}};
  EXPECT_THROW(RunDirectory(path_, spec), InvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ARun, IsNotPutAmongRuns) {
  sweep(two_configurations());
  path_ = path_.parent_path();
  EXPECT_THAT(message(two_configurations()), HasSubstr("new/run: is there already"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1);
}

TEST_F(ARun, WritesNothingIntoOneThatItRefuses) {
  auto spec = two_configurations();
  std::filesystem::create_directories(path_);
  std::ofstream(path_ / "manifest.json") << R"({"name": "a web page"})";
  EXPECT_THROW(RunDirectory(path_, spec), BadData);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1);
}

TEST_F(ARun, IsReadOnlyWithTheSettingsOfItsHash) {
  sweep(two_configurations());
  auto manifest = read_file(path_ / "manifest.json");
  const std::string steps = R"("steps": "20")";
  ASSERT_NE(manifest.find(steps), std::string::npos);
  std::ofstream(path_ / "manifest.json")
      << manifest.replace(manifest.find(steps), steps.size(), R"("steps": "30")");
  EXPECT_THROW(static_cast<void>(read_manifest(path_ / "manifest.json")), BadData);
}

TEST_F(ARun, RefusesWhatIsNoRun) {
  const auto spec = two_configurations();
  std::ofstream(temporary_.path() / "note") << "mine";
  EXPECT_THROW(RunDirectory(temporary_.path() / "note", spec), CannotCreate);
  std::ofstream(temporary_.path() / "lock");
  std::ofstream(temporary_.path() / "config.toml") << "theirs";
  EXPECT_THROW(RunDirectory(temporary_.path(), spec), CannotCreate);
  EXPECT_EQ(read_file(temporary_.path() / "config.toml"), "theirs");
  EXPECT_THROW(RunDirectory(temporary_.path() / "note" / "run", spec), CannotCreate);
  EXPECT_THROW(RunDirectory("/proc/helmholtz", spec), CannotCreate);
}

}  // namespace
}  // namespace helmholtz
