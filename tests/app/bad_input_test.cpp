// What users get wrong: one clear line on stderr that names the field, its value and what is
// allowed; the right exit code; nothing on stdout and nothing written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Case {
  std::vector<std::string> arguments;
  int exit_code;
  std::string message;
};

/// A folder with the files that the cases below name.
class Folder {
 public:
  Folder() {
    write("words.txt", "two words\n");
    write("ragged.txt", "0101\n010\n");
    write("empty.txt", "");
    write("unknown-key.toml", "lrr = 0.1\n");
    write("empty-list.toml", "lr = []\n");
    write("unknown-section.toml", "[trian]\nlr = 0.1\n");
    write("deeper-section.toml", "[train.more]\nlr = 0.1\n");
    write("nested.toml", "config = \"no-flag.toml\"\n");
    write("no-flag.toml", "mean = 7\n");
    write("bad-rate.toml", "[train]\nlr = nan\n");
    write("binary.toml", std::string("lr\0=1", 5));
    std::filesystem::create_directory(folder_.path() / "folder");
    if (mkfifo((folder_.path() / "pipe").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    trained_ = run_program({"train", "--steps", "10", "--save", "machine.h5"}, folder_.path());
  }

  [[nodiscard]] const Finished& trained() const { return trained_; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }

  TemporaryDirectory folder_;
  Finished trained_;
};

void expect_refused(const std::vector<Case>& cases) {
  const Folder folder;
  ASSERT_EQ(folder.trained().exit_code, 0) << folder.trained().err;
  const auto before = folder.names();
  for (const auto& one : cases) {
    std::string line;
    for (const auto& word : one.arguments) line += " '" + word + "'";
    SCOPED_TRACE(line);
    const auto result = run_program(one.arguments, folder.path());
    EXPECT_EQ(result.exit_code, one.exit_code);
    EXPECT_THAT(result.err, HasSubstr(one.message));
    EXPECT_EQ(result.err.rfind("helmholtz: ", 0), 0U) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(folder.names(), before);
  }
}

TEST(BadInput, Layers) {
  std::vector<Case> cases = {
      {{"train", "--layers", "1,6,8"}, 2, "--layers: got \"1,6,8\"; allowed: 9 visible units"},
      {{"train", "--layers", "65536,65536,65536,9"}, 2, "at most 1073741824 parameters"},
  };
  for (const auto* layers : {"1,0,9", "1,-6,9", "9", "", "abc", "1,6,,9", "1e3,9", "1, 6, 9",
                             "70000,9", "99999999999,9", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,9"}) {
    cases.push_back({{"train", "--layers", layers}, 2, "--layers: got \"" + std::string(layers)});
  }
  expect_refused(cases);
}

TEST(BadInput, Rates) {
  std::vector<Case> cases = {
      {{"train", "--lr-layer", "0.1,0.2"}, 2, "--lr-layer: got \"0.1,0.2\"; allowed: 3 rates"}};
  for (const auto* flag : {"--lr", "--lr-generative", "--lr-recognition", "--lr-layer"}) {
    for (const auto* rate : {"nan", "-0.1", "inf", "-inf", "1e39", "0.1x", ""}) {
      cases.push_back({{"train", flag, rate}, 2, std::string(flag) + ": got \"" + rate + "\""});
    }
  }
  expect_refused(cases);
}

TEST(BadInput, Numbers) {
  std::vector<Case> cases = {
      {{"train", "--seed", "18446744073709551616"}, 2, "allowed: a whole number from 0 to 1844"},
      {{"train", "--steps", "1000000000001"}, 2, "from 0 to 1000000000000"},
      {{"train", "--samples", "1000000001"}, 2, "from 0 to 1000000000"},
      {{"train", "--eval-every", "0"}, 2, "from 1 to 1000000000000"},
      {{"train", "--batch", "0"}, 2, "from 1 to 1048576"},
      {{"train", "--batch", "1048577"}, 2, "from 1 to 1048576"},
      {{"train", "--threads", "1025"}, 2, "from 0 to 1024"},
      {{"sample", "--from", "machine.h5", "--count", "0"}, 2, "--count: got \"0\""},
  };
  for (const auto* flag :
       {"--seed", "--steps", "--samples", "--eval-every", "--batch", "--threads"}) {
    for (const auto* text : {"-1", "1e3", "0x10", "1.5", " 1", "+1", "", "99999999999999999999"}) {
      cases.push_back({{"train", flag, text}, 2, std::string(flag) + ": got \"" + text + "\""});
    }
  }
  expect_refused(cases);
}

TEST(BadInput, Names) {
  expect_refused({
      {{}, 2, "no command; allowed: train"},
      {{"trian"}, 2, "unknown command \"trian\""},
      {{"trian"}, 2, "did you mean train?"},
      {{"--json", "train"}, 2, "unknown flag --json"},
      {{"train", "--stpes", "5"}, 2, "unknown flag --stpes; did you mean --steps?"},
      {{"train", "--step=5"}, 2, "unknown flag --step; did you mean --steps?"},
      {{"train", "extra"}, 2, "unexpected argument \"extra\""},
      {{"train", "--lr"}, 2, "--lr: needs a value"},
      {{"train", "--lr", "1", "--lr", "2"}, 2, "--lr: given more than once"},
      {{"train", "--json=5"}, 2, "--json: takes no value"},
      {{"train", "--world", "kirby3x4"}, 2, "--world: got \"kirby3x4\"; allowed: kirby3x3"},
      {{"train", "--backend", "cpu-fuse"}, 2, "did you mean cpu-fused?"},
      {{"train", "--schedule", "inverse"}, 2, "--schedule: got \"inverse\""},
      {{"train", "--init", "uniform"}, 2, "--init: got \"uniform\""},
      {{"train", "--rng", "mt19937"}, 2, "--rng: got \"mt19937\"; allowed: philox, numpy"},
      {{"train", "--init", "normal:0.1+zero"}, 2, "--init: got \"normal:0.1+zero\""},
      {{"train", "--init", "visible-bias:1+visible-bias:marginal"}, 2, "--init: got"},
      {{"worlds", "nowhere"}, 2, "helmholtz: world: got \"nowhere\""},
      {{"worlds", ""}, 2, "world: got \"\""},
      {{"worlds", "file:a\nb"}, 66, "a?b: No such file"},
      {{"backends", "extra"}, 2, "unexpected argument"},
      {{"sample", "--from", "machine.h5", "--plain", "--json"}, 2, "--plain or --json, not both"},
      {{"export", "run", "--json"}, 2, "unknown flag --json"},
      {{"sweep", "--lr", "0.05,0.1,5e-2"}, 2, "--lr: got \"5e-2\"; allowed: each value once"},
      {{"sweep", "--batch", "4", "--batch", "4"}, 2, "--batch: got \"4\""},
  });
}

TEST(BadInput, Files) {
  expect_refused({
      {{"train", "--world", "file:missing.txt"}, 66, "missing.txt"},
      {{"train", "--world", "file:empty.txt"}, 65, "empty.txt"},
      {{"train", "--world", "file:ragged.txt"}, 65, "line 2"},
      {{"worlds", "file:words.txt"}, 65, "line 1"},
      {{"train", "--save", "missing/machine.h5"}, 73, "missing/machine.h5: No such file"},
      {{"train", "--save", "folder"}, 73, "folder: is a directory"},
      {{"train", "--save", "pipe"}, 73, "pipe: is no regular file"},
      {{"train", "--save", ""}, 2, "--save: got \"\""},
      {{"train", "--from", "missing.h5"}, 66, "missing.h5: No such file"},
      {{"train", "--from", "folder"}, 66, "folder: is no regular file"},
      {{"train", "--from", "pipe"}, 66, "pipe: is no regular file"},
      {{"train", "--from", "words.txt"}, 65, "words.txt: is no saved machine"},
      {{"sample"}, 2, "--from: got \"\""},
      {{"sample", "--from", "empty.txt"}, 65, "empty.txt: is no saved machine"},
      {{"train", "--config", "missing.toml"}, 66, "missing.toml: No such file"},
      {{"train", "--config", "folder"}, 66, "folder: is a directory"},
      {{"train", "--config", "binary.toml"}, 65, "binary.toml: is no text"},
      {{"train", "--config", "/dev/zero"}, 65, "longer than 32 MiB"},
      {{"train", "--config", "unknown-key.toml"}, 2, "\"lrr\""},
      {{"sweep", "--config", "empty-list.toml"}, 2, "--lr: got \"an empty list\""},
      {{"train", "--config", "unknown-key.toml"}, 2, "did you mean lr?"},
      {{"train", "--config", "unknown-section.toml"}, 2, "\"[trian]\""},
      {{"train", "--config", "deeper-section.toml"}, 2, "\"[train.more]\""},
      {{"train", "--config", "nested.toml"}, 2, "allowed: --config on the command line alone"},
      {{"train", "--config", "no-flag.toml"}, 2, "--mean: got \"7\"; allowed: true or false"},
      {{"train", "--config", "bad-rate.toml"}, 2, "--lr: got \"nan\""},
  });
}

TEST(BadInput, Environment) {
  ASSERT_EQ(setenv("HELMHOLTZ_SIMD", "sse9", 1), 0);
  const auto result = run_program({"train", "--steps", "1"});
  unsetenv("HELMHOLTZ_SIMD");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, StartsWith("helmholtz: HELMHOLTZ_SIMD: got \"sse9\"; allowed: "));
}

TEST(BadInput, Combinations) {
  expect_refused({
      {{"train", "--rng", "numpy", "--batch", "2"}, 2, "--batch: got \"2\""},
      {{"train", "--rng", "numpy", "--seed", "4294967296"}, 2, "--seed: got \"4294967296\""},
      {{"train", "--rng", "numpy", "--backend", "cpu-fused"}, 2, "--rng: got \"numpy\""},
      {{"train", "--rng", "numpy", "--save", "new.h5"}, 2, "--save: got \"new.h5\""},
      {{"train", "--rng", "numpy", "--from", "machine.h5"}, 2, "--from: got \"machine.h5\""},
      {{"train", "--from", "machine.h5", "--layers", "1,5,9"}, 2, "allowed: 1,6,9, as the machine"},
      {{"train", "--from", "machine.h5", "--world", "bars4x4"}, 2, "allowed: kirby3x3"},
      {{"train", "--from", "machine.h5", "--seed", "7"}, 2, "allowed: 0, as the machine"},
      {{"train", "--from", "machine.h5", "--lr", "0.1"}, 2, "--lr: got"},
      {{"train", "--from", "machine.h5", "--lr-generative", "0.1"}, 2, "--lr: got"},
      {{"train", "--from", "machine.h5", "--batch", "2"}, 2, "--batch: got \"2\"; allowed: 1"},
      {{"train", "--from", "machine.h5", "--mean"}, 2, "--mean: got"},
      {{"train", "--from", "machine.h5", "--nonnegative"}, 2, "--nonnegative: got"},
      {{"train", "--from", "machine.h5", "--init", "normal:1"}, 2, "allowed: zero"},
      {{"train", "--from", "machine.h5", "--schedule", "inverse:1"}, 2, "allowed: constant"},
      {{"train", "--from", "machine.h5", "--steps", "1000000000000"}, 2, "at most 10^12 in all"},
  });
}

#ifndef __SANITIZE_ADDRESS__  // its shadow memory alone exceeds the limit
TEST(BadInput, MoreThanTheMemoryHolds) {
  const TemporaryDirectory folder;
  const auto result =
      run_program({"train", "--layers", "12000,12000,12000,9", "--save", "machine.h5"},
                  folder.path(), {.address_space = rlim_t{1} << 31});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--layers: got \"12000,12000,12000,9\""));
  EXPECT_THAT(result.err, HasSubstr("bytes needed, 2147483648 available"));
  const auto sweep = run_program(
      {"sweep", "--layers", "12000,12000,9", "--samples", "10", "--seeds", "0:64", "--out", "run"},
      folder.path(), {.address_space = rlim_t{1} << 31});
  EXPECT_EQ(sweep.exit_code, 2);
  EXPECT_THAT(sweep.err, HasSubstr("allowed: what fits in 2.0 GiB of free memory"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
#endif

}  // namespace
}  // namespace helmholtz::testing
