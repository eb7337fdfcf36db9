#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "helmholtz/error.hpp"
#include "support/read_file.hpp"
#include "support/small_sweep.hpp"
#include "support/temporary_directory.hpp"
#include "sweep/run_directory.hpp"

namespace helmholtz::testing {

/// A run directory of a small sweep, in a temporary folder.
class ARun : public ::testing::Test {
 protected:
  /// All shards that the directory wants, trained.
  void sweep(RunDirectory& directory, const SweepSpec& spec) {
    const std::array<ShardSink*, 1> sinks = {&directory};
    SweepOptions options{.shard_machines = directory.shard_machines()};
    options.wanted = [&](std::uint64_t shard) { return directory.wants(shard); };
    trained_ = run_sweep(spec, options, sinks).machines;
  }
  void sweep(const SweepSpec& spec, SweepPart part = {}) {
    RunDirectory directory(path_, spec, part);
    sweep(directory, spec);
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
