// `sample`, `worlds`, `backends` and --help; `evaluate` has a file of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/machine_file.hpp"
#include "support/environment_variable.hpp"
#include "support/json.hpp"
#include "support/process.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> output_lines(const Finished& result) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return testing::lines_of(result.out);
}

class Sample : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto result = run_program({"train", "--steps", "3000", "--save", "m.h5"}, folder_.path());
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  Finished sample(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"sample", "--from", "m.h5"});
    return run_program(flags, folder_.path());
  }
  TemporaryDirectory folder_;
};

TEST_F(Sample, IsWhatTheSampledKlCounts) {
  constexpr std::uint64_t kCount = 1500;  // more than one block of the program's
  const auto lines = output_lines(sample({"--count", "1500", "--plain"}));
  ASSERT_EQ(lines.size(), kCount);
  const auto machine = load_machine(folder_.path() / "m.h5");
  const auto bits = generate_patterns(machine.ensemble.topology, machine.parameters,
                                      machine.ensemble.machines[0].seed, machine.step, 0, kCount);
  std::string expected;
  for (const auto bit : bits) expected += bit != 0 ? '1' : '0';
  std::string found;
  for (const auto& line : lines) found += line;
  EXPECT_EQ(found, expected);
}

TEST_F(Sample, JsonCountsThePatternsOfTheWorld) {
  const auto lines = output_lines(sample({"--count", "200", "--json"}));
  ASSERT_EQ(lines.size(), 201U);
  std::uint64_t off_support = 0;
  for (std::size_t n = 0; n < 200; ++n) {
    const auto line = Json::parse(lines[n]);
    EXPECT_EQ(line["sample"], n);
    off_support += line["world_pattern"].is_null() ? 1 : 0;
  }
  const auto done = Json::parse(lines.back());
  EXPECT_EQ(done["samples"], 200);
  EXPECT_EQ(done["off_support"], off_support);
  EXPECT_EQ(done["counts"].size(), 12U);
}

TEST_F(Sample, ASignalEndsItWithWhatItHas) {
  Process process({"sample", "--from", "m.h5", "--count", "1000000000", "--json"}, folder_.path(),
                  {});
  while (process.out_so_far().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto sent = std::chrono::steady_clock::now();
  process.send(SIGTERM);
  const auto result = process.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(5));
  EXPECT_EQ(result.exit_code, 75);
  const auto done =
      Json::parse(result.out.substr(result.out.rfind('\n', result.out.size() - 2) + 1));
  EXPECT_EQ(done["stopped"], true);
  EXPECT_EQ(done["samples"], std::ranges::count(result.out, '\n') - 1);
}

TEST_F(Sample, DrawsImages) {
  const auto result = sample({"--count", "3"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("·"));
  EXPECT_THAT(result.out, HasSubstr("of 3 samples are patterns of kirby3x3"));
}

TEST(Worlds, ListsEachWithItsEntropy) {
  const auto lines = output_lines(run_program({"worlds", "--json"}));
  const auto kirby = Json::parse(lines.at(0));
  EXPECT_EQ(kirby["name"], "kirby3x3");
  EXPECT_EQ(kirby["units"], 9);
  EXPECT_EQ(kirby["patterns"], 12);
  EXPECT_NEAR(kirby["entropy"].get<double>(), 2.4283, 5e-5);
  EXPECT_EQ(output_lines(run_program({"worlds"})).size(), lines.size() + 1);
}

TEST(Worlds, DrawsOne) {
  const auto lines = output_lines(run_program({"worlds", "kirby3x3", "--json"}));
  ASSERT_EQ(lines.size(), 12U);
  EXPECT_EQ(Json::parse(lines[0])["pattern"], "100100100");
  EXPECT_NEAR(Json::parse(lines[0])["probability"].get<double>(), 2.0 / 18, 1e-15);
  EXPECT_THAT(run_program({"worlds", "kirby3x3"}).out, HasSubstr("# · ·     · # ·"));
}

TEST(Backends, SaysWhatThereIs) {
  const auto lines = output_lines(run_program({"backends", "--json"}));
  const auto reference = Json::parse(lines.at(0));
  EXPECT_EQ(reference["name"], "reference");
  EXPECT_EQ(reference["class"], "exact");
  EXPECT_EQ(reference["available"], true);
  // A backend that loses a feature would skip the contract of it.
  const Json all = {"particles", "optimizer", "epochs", "grey rows"};
  const Json fused = {"particles", "epochs", "grey rows"};
  const std::vector<Json> features = {all, fused, all, fused, all};
  ASSERT_EQ(lines.size(), features.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(Json::parse(lines[i])["features"], features[i]) << lines[i];
  }
}

// What cannot run says why, and is an error when it is asked for: never a silent fallback.
TEST(Backends, ThePluginThatCannotBeLoadedSaysWhy) {
  const EnvironmentVariable nowhere("HELMHOLTZ_CUDA_PLUGIN", "/nonexistent/plugin.so");
  std::vector<std::string> names;
  for (const auto& line : output_lines(run_program({"backends", "--json"}))) {
    const auto backend = Json::parse(line);
    const auto name = backend["name"].get<std::string>();
    if (!name.starts_with("cuda-")) continue;
    names.push_back(name);
    EXPECT_EQ(backend["available"], false);
    EXPECT_THAT(backend["detail"].get<std::string>(), HasSubstr("/nonexistent/plugin.so"));
    const auto run = run_program({"train", "--backend", name});
    EXPECT_EQ(run.exit_code, 69);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("/nonexistent/plugin.so"));
  }
  EXPECT_THAT(names, ElementsAre("cuda-fused", "cuda-layered"));
}

TEST(Backends, MathIsForCudaLayeredAlone) {
  for (const auto* const command : {"train", "sweep"}) {
    const auto run =
        run_program({command, "--steps", "1", "--backend", "cpu-layered", "--math", "tf32"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, Refuses("--math", "tf32"));
  }
  EXPECT_EQ(run_program({"train", "--steps", "1", "--quiet", "--math", "fp32"}).exit_code, 0);
  EXPECT_THAT(run_program({"train", "--math", "fp16"}).err, Refuses("--math", "fp16"));
}

TEST(Backends, APluginIsNamedByAnAbsolutePathAndOfThisVersion) {
  {
    const EnvironmentVariable relative("HELMHOLTZ_CUDA_PLUGIN", "plugin.so");
    EXPECT_THAT(run_program({"backends"}).out, HasSubstr("HELMHOLTZ_CUDA_PLUGIN=plugin.so"));
  }
  const EnvironmentVariable other("HELMHOLTZ_CUDA_PLUGIN", HELMHOLTZ_OLD_PLUGIN);
  EXPECT_THAT(run_program({"backends"}).out, HasSubstr("version"));
}

TEST(Backends, DevicesAreForCudaAlone) {
  const auto run = run_program({"train", "--steps", "1", "--device", "0"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, Refuses("--device", "0"));
  const auto bad = run_program({"train", "--device", "0,x"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, Refuses("--device", "x"));
}

TEST(Help, TeachesEveryCommand) {
  const auto help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.err, "");
  for (const auto* command : {"train", "sweep", "status", "verify", "export", "replay", "report",
                              "reproduce", "sample", "worlds", "backends"}) {
    SCOPED_TRACE(command);
    EXPECT_THAT(help.out, HasSubstr("\n  " + std::string(command) + ' '));
    const auto its_own = run_program({command, "--help"});
    EXPECT_THAT(its_own.out, HasSubstr("--quiet"));
    EXPECT_THAT(its_own.out, HasSubstr(":\n  helmholtz " + std::string(command)));  // an example
    EXPECT_THAT(its_own.out, HasSubstr("Exit codes: 0 done; 2 usage"));
    for (const auto& line : output_lines(its_own)) {
      const auto characters =
          std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
      EXPECT_LE(characters, 80) << line;
    }
  }
  EXPECT_THAT(run_program({"--version"}).out, HasSubstr("helmholtz "));
}

}  // namespace
}  // namespace helmholtz::testing
