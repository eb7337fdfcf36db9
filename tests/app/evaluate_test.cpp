// `evaluate`: the log-likelihood of a saved machine, of its world and of data.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/machine_file.hpp"
#include "support/environment_variable.hpp"
#include "support/json.hpp"
#include "support/process.hpp"
#include "support/read_file.hpp"
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Evaluate : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto result = run_program({"train", "--steps", "3000", "--save", "m.h5"}, folder_.path());
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  Finished evaluate(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"evaluate", "m.h5"});
    return run_program(flags, folder_.path());
  }
  Json evaluated(std::vector<std::string> flags) const {
    flags.emplace_back("--json");
    const auto result = evaluate(flags);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out);
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
  }
  TemporaryDirectory folder_;
};

TEST_F(Evaluate, ItsWorldGivesTheExactKl) {
  const auto machine = load_machine(folder_.path() / "m.h5");
  const auto& ensemble = machine.ensemble;
  const auto exact = exact_distribution(ensemble.topology, ensemble.world, machine.parameters);
  const auto found = evaluated({"--log-likelihood", "20000"});
  EXPECT_EQ(found["rows"], 12);
  EXPECT_EQ(found["particles"], 20'000);
  EXPECT_NEAR(-found["log_likelihood"].get<double>() - ensemble.world.entropy(), exact.kl,
              5 * found["standard_error"].get<double>() + 1e-4);
  EXPECT_LT(found["elbo"], found["log_likelihood"]);
}

TEST_F(Evaluate, HeedsTheInstructionSetOfTheEnvironment) {
  const EnvironmentVariable set("HELMHOLTZ_SIMD", "sse9");
  const auto refused = evaluate({});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, Refuses("HELMHOLTZ_SIMD", "sse9"));
}

TEST_F(Evaluate, RowsOfAFileAreAveragedAndWritten) {
  write("rows.txt", "111000000\n000111000\n111000000\n101101101\n");
  const auto found =
      evaluated({"--data", "rows.txt", "--rows", "3", "--values", "v.csv", "--threads", "2"});
  EXPECT_EQ(found["rows"], 3);
  EXPECT_EQ(found["particles"], 100);
  EXPECT_TRUE(evaluated({"--data", "rows.txt", "--rows", "1"})["standard_error"].is_null());
  EXPECT_TRUE(evaluated({"--log-likelihood", "1"})["standard_error"].is_null());
  const auto lines = lines_of(read_file(folder_.path() / "v.csv"));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "row,log_likelihood,elbo,effective");
  double sum = 0;
  for (std::size_t n = 0; n < 3; ++n) {
    EXPECT_THAT(lines[n + 1], StartsWith(std::to_string(n) + ",-"));
    sum += std::stod(lines[n + 1].substr(2));
  }
  EXPECT_NEAR(found["log_likelihood"].get<double>(), sum / 3, 1e-12);
  const auto text = evaluate({"--data", "rows.txt"}).out;
  EXPECT_THAT(text, HasSubstr("train of rows.txt: 4 rows, 100 particles per row"));
}

TEST_F(Evaluate, GreyValuesNeedBinarize) {
  write("grey.txt", "1 1 1 0 0 0 0.5 0 0\n0 0 0 1 1 1 0.4 0 0\n");
  write("bits.txt", "111000100\n000111000\n");
  const auto refused = evaluate({"--data", "grey.txt"});
  EXPECT_EQ(refused.exit_code, 65);
  EXPECT_THAT(refused.err, NamesFile("grey.txt"));
  EXPECT_EQ(evaluated({"--data", "grey.txt", "--binarize", "0.5"}),
            evaluated({"--data", "bits.txt"}));
  EXPECT_EQ(evaluated({"--data", "grey.txt", "--binarize", "sample"})["rows"], 2);
}

TEST_F(Evaluate, RefusesWhatDoesNotFit) {
  write("wide.txt", "1010101010\n");
  write("word.txt", std::string(40, '1') + "\n");
  write("rows.txt", "111000000\n");
  const auto refused = [&](std::vector<std::string> flags) {
    const auto result = evaluate(std::move(flags));
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(result.out, "");
    return result.err;
  };
  for (const std::string file : {"wide.txt", "word.txt"}) {
    const auto result = evaluate({"--data", file});
    EXPECT_EQ(result.exit_code, 65);
    EXPECT_THAT(result.err, NamesFile(file));
  }
  EXPECT_THAT(refused({"--binarize", "0.5"}), Refuses("--binarize", "0.5"));
  EXPECT_THAT(refused({"--values", "m.h5"}), Refuses("--values", "m.h5"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--values", "./rows.txt"}),
              Refuses("--values", "./rows.txt"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--split", "test"}), Refuses("--split", "test"));
  EXPECT_THAT(refused({"--data", "rows.txt", "--rows", "2"}), Refuses("--rows", "2"));
  EXPECT_THAT(refused({"--rows", "1"}), Refuses("--rows", "1"));
  EXPECT_THAT(refused({"--split", "train"}), Refuses("--split", "train"));
  EXPECT_THAT(refused({"--log-likelihood", "0"}), Refuses("--log-likelihood", "0"));
  EXPECT_EQ(evaluate({"--data", "none.txt"}).exit_code, 66);
  EXPECT_EQ(evaluate({"--values", "none/v.csv"}).exit_code, 73);
}

}  // namespace
}  // namespace helmholtz::testing
