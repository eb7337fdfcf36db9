#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "helmholtz/error.hpp"
#include "helmholtz/run_directory.hpp"
#include "run/shard_files.hpp"
#include "support/read_file.hpp"
#include "support/small_sweep.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::testing {

/// A run directory of a small sweep, in a temporary folder.
class ARun : public ::testing::Test {
 protected:
  /// All shards that the directory wants, trained.
  void sweep(const SweepSpec& spec, SweepPart part = {}) {
    trained_ = RunDirectory(path_, spec, part).train().machines;
  }
  [[nodiscard]] std::string message(const SweepSpec& spec) const {
    try {
      RunDirectory directory(path_, spec);
    } catch (const CannotCreate& error) {
      return error.what();
    }
    return "opened";
  }

  TemporaryDirectory temporary_;
  std::filesystem::path path_ = temporary_.path() / "new" / "run";
  std::uint64_t trained_ = 0;
};

}  // namespace helmholtz::testing
