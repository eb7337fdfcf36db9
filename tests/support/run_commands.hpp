#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/sweep_command.hpp"

namespace helmholtz::testing {

/// A finished sweep of one shard, for the commands that read a run.
class RunCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run({"sweep",     "--layers",
                   "1,6,9",     "--layers",
                   "2,3,9",     "--seeds",
                   "0:3",       "--steps",
                   "20",        "--eval-every",
                   "10",        "--samples",
                   "300",       "--save-parameters",
                   "all",       "--lr",
                   "0.05,1e38", "--out",
                   "run",       "--quiet"})
                  .exit_code,
              0);
  }
  [[nodiscard]] Finished run(const std::vector<std::string>& arguments) const {
    return run_program(arguments, folder_.path());
  }
  void flip(std::size_t byte) const {
    auto bytes = read_file(shard_);
    bytes[byte] = static_cast<char>(bytes[byte] ^ 1);
    std::ofstream(shard_, std::ios::binary) << bytes;
  }

  TemporaryDirectory folder_;
  std::filesystem::path shard_ = folder_.path() / "run" / "shards" / "00000000.h5";
};

}  // namespace helmholtz::testing
