#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/json.hpp"
#include "support/process.hpp"

namespace helmholtz::testing {

using Arguments = std::vector<std::string>;

/// A quick sweep of four configurations, with `more` flags.
inline Arguments small_sweep(const Arguments& more) {
  Arguments arguments = {"sweep", "--layers",     "1,6,9",   "--layers",  "2,3,9",
                         "--lr",  "0.05,1e38",    "--seeds", "5,0:3",     "--steps",
                         "20",    "--eval-every", "10",      "--samples", "30"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// As if an earlier version had made a run directory, whose shards had another size. It has no
/// shards yet: as a part without any leaves it.
inline void set_shard_machines(const std::filesystem::path& run, std::uint64_t machines) {
  auto manifest = nlohmann::ordered_json::parse(read_file(run / "manifest.json"));
  manifest["machines_a_shard"] = machines;
  std::ofstream(run / "manifest.json") << manifest;
}

/// A sweep's table, a line per machine and evaluation.
inline std::vector<std::string> exported(const TemporaryDirectory& folder, const std::string& run) {
  const auto ran = run_program({"export", run, "--quiet"}, folder.path());
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return lines_of(ran.out);
}

/// The bytes of every file in a folder, by name.
inline std::map<std::string, std::string> files_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

}  // namespace helmholtz::testing
