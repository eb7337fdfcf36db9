#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/json.hpp"
#include "support/process.hpp"
#include "support/sweep_command.hpp"

/// Commands in a folder of their own, whose evaluations have a log-likelihood.
namespace helmholtz::testing {

inline const Arguments kColumns = {"log_likelihood", "log_likelihood_error", "elbo", "effective"};

class Likelihood : public ::testing::Test {
 protected:
  [[nodiscard]] Finished run(const Arguments& arguments) const {
    return run_program(arguments, folder_.path());
  }
  /// The JSON lines of a command that ends well.
  std::vector<Json> lines(Arguments arguments) const {
    arguments.emplace_back("--json");
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<Json> values;
    for (const auto& line : lines_of(result.out)) values.push_back(Json::parse(line));
    return values;
  }
  /// One column of an exported line.
  [[nodiscard]] double exported_value(const std::vector<std::string>& table, std::size_t line,
                                      const std::string& column) const {
    const auto cells = [&](std::size_t i) {
      std::vector<std::string> all(1);
      bool is_quoted = false;
      for (const char c : table[i]) {
        if (c == '"') is_quoted = !is_quoted;
        c == ',' && !is_quoted ? all.emplace_back() : all.back().append(1, c);
      }
      return all;
    };
    const auto names = cells(0);
    const auto found = std::ranges::find(names, column);
    EXPECT_NE(found, names.end()) << column;
    return std::stod(cells(line)[static_cast<std::size_t>(found - names.begin())]);
  }

  TemporaryDirectory folder_;
};

/// Grey rows of nine units: 30 to train on, 20 of valid, 10 of test.
class LikelihoodOfData : public Likelihood {
 protected:
  void SetUp() override {
    std::uint32_t word = 1;
    for (const auto& [name, rows] : {std::pair{"train", 30}, {"valid", 20}, {"test", 10}}) {
      std::ofstream file(folder_.path() / name);
      for (int i = 0; i < rows * 9; ++i) {
        word = word * 1'664'525U + 1'013'904'223U;
        file << 0.25 * (word >> 30U) << (i % 9 == 8 ? '\n' : ' ');
      }
    }
  }
  /// The flags of a data set of these splits.
  static Arguments data(const Arguments& splits, const Arguments& more) {
    Arguments arguments = {more.front(), "--binarize", "sample"};
    for (const auto& split : splits) arguments.insert(arguments.end(), {"--" + split, split});
    arguments.insert(arguments.end(), more.begin() + 1, more.end());
    return arguments;
  }
};

}  // namespace helmholtz::testing
