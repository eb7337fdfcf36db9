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
#include "support/refusal.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct BadInputCase {
  std::vector<std::string> arguments;
  int exit_code;
  ::testing::Matcher<const std::string&> message;
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

void expect_refused(const std::vector<BadInputCase>& cases) {
  const Folder folder;
  ASSERT_EQ(folder.trained().exit_code, 0) << folder.trained().err;
  const auto before = folder.names();
  for (const auto& one : cases) {
    std::string line;
    for (const auto& word : one.arguments) line += " '" + word + "'";
    SCOPED_TRACE(line);
    const auto result = run_program(one.arguments, folder.path());
    EXPECT_EQ(result.exit_code, one.exit_code);
    EXPECT_THAT(result.err, one.message);
    EXPECT_EQ(result.err.rfind("helmholtz: ", 0), 0U) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(folder.names(), before);
  }
}

TEST(BadInput, Layers) {
  std::vector<BadInputCase> cases = {
      {{"train", "--layers", "1,6,8"}, 2, Refuses("--layers", "1,6,8")},
      {{"train", "--layers", "65536,65536,65536,9"},
       2,
       AllOf(Refuses("--layers", "65536,65536,65536,9"), HasSubstr("1073741824"))},
  };
  for (const auto* layers : {"1,0,9", "1,-6,9", "9", "", "abc", "1,6,,9", "1e3,9", "1, 6, 9",
                             "70000,9", "99999999999,9", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,9"}) {
    cases.push_back({{"train", "--layers", layers}, 2, Refuses("--layers", layers)});
  }
  expect_refused(cases);
}

TEST(BadInput, Rates) {
  std::vector<BadInputCase> cases = {
      {{"train", "--lr-layer", "0.1,0.2"}, 2, Refuses("--lr-layer", "0.1,0.2")}};
  for (const auto* flag : {"--lr", "--lr-generative", "--lr-recognition", "--lr-layer"}) {
    for (const auto* rate : {"nan", "-0.1", "inf", "-inf", "1e39", "0.1x", ""}) {
      cases.push_back({{"train", flag, rate}, 2, Refuses(flag, rate)});
    }
  }
  expect_refused(cases);
}

TEST(BadInput, DecimalCommas) {
  expect_refused({
      {{"train", "--lr", "0,05"}, 2, HasSubstr("--lr: got \"0,05\"; allowed: 0.05")},
      {{"sweep", "--lr", "0,05", "--dry-run"}, 2, HasSubstr("--lr: got \"0,05\"; allowed: 0.05")},
      {{"sweep", "--lr", "0,5", "--dry-run"}, 2, HasSubstr("0.0,5")},
      {{"sweep", "--lr", "0.1,1,05", "--dry-run"},
       2,
       HasSubstr("--lr: got \"0.1,1,05\"; allowed: 1.05")},
      {{"train", "--lr-layer", "0,05,1"},
       2,
       HasSubstr("--lr-layer: got \"0,05,1\"; allowed: 0.05")},
      {{"train", "--lr-layer", "0,5"}, 2, HasSubstr("--lr-layer: got \"0,5\"; allowed: 3 rates")},
      {{"train", "--lr-generative", "0,05"}, 2, HasSubstr("with a decimal point")},
      {{"train", "--schedule", "inverse:0,1"}, 2, HasSubstr("--schedule: got \"inverse:0,1\"")},
      {{"train", "--init", "normal:0,1"}, 2, HasSubstr("--init: got \"normal:0,1\"")},
      {{"train", "--lr", "0.1,0.2"}, 2, HasSubstr("--lr: got \"0.1,0.2\"; allowed: one value")},
  });
  for (const auto* rates : {"0,5,1", "0,0,0"}) {
    EXPECT_EQ(run_program({"train", "--steps", "1", "--lr-layer", rates}).exit_code, 0) << rates;
  }
}

TEST(BadInput, Numbers) {
  std::vector<BadInputCase> cases = {
      {{"train", "--seed", "18446744073709551616"},
       2,
       AllOf(Refuses("--seed", "18446744073709551616"), HasSubstr("1844"))},
      {{"train", "--steps", "1000000000001"},
       2,
       AllOf(Refuses("--steps", "1000000000001"), HasSubstr("1000000000000"))},
      {{"train", "--samples", "1000000001"},
       2,
       AllOf(Refuses("--samples", "1000000001"), HasSubstr("1000000000"))},
      {{"train", "--eval-every", "0"},
       2,
       AllOf(Refuses("--eval-every", "0"), HasSubstr("1000000000000"))},
      {{"train", "--batch", "0"}, 2, AllOf(Refuses("--batch", "0"), HasSubstr("1048576"))},
      {{"train", "--batch", "1048577"},
       2,
       AllOf(Refuses("--batch", "1048577"), HasSubstr("1048576"))},
      {{"train", "--threads", "1025"}, 2, AllOf(Refuses("--threads", "1025"), HasSubstr("1024"))},
      {{"sample", "--from", "machine.h5", "--count", "0"}, 2, Refuses("--count", "0")},
  };
  for (const auto* flag :
       {"--seed", "--steps", "--samples", "--eval-every", "--batch", "--threads"}) {
    for (const auto* text : {"-1", "1e3", "0x10", "1.5", " 1", "+1", "", "99999999999999999999"}) {
      cases.push_back({{"train", flag, text}, 2, Refuses(flag, text)});
    }
  }
  expect_refused(cases);
}

TEST(BadInput, Names) {
  expect_refused({
      {{}, 2, HasSubstr("train")},
      {{"trian"}, 2, HasSubstr("\"trian\"")},
      {{"trian"}, 2, HasSubstr(" train?")},
      {{"--json", "train"}, 2, HasSubstr("--json")},
      {{"train", "--stpes", "5"}, 2, AllOf(HasSubstr("--stpes"), HasSubstr("--steps?"))},
      {{"train", "--step=5"}, 2, AllOf(HasSubstr("--step"), HasSubstr("--steps?"))},
      {{"train", "extra"}, 2, HasSubstr("\"extra\"")},
      {{"train", "--lr"}, 2, HasSubstr("--lr: ")},
      {{"train", "--lr", "1", "--lr", "2"}, 2, HasSubstr("--lr: ")},
      {{"train", "--json=5"}, 2, HasSubstr("--json: ")},
      {{"train", "--world", "kirby3x4"}, 2, Refuses("--world", "kirby3x4")},
      {{"train", "--backend", "cpu-fuse"},
       2,
       AllOf(Refuses("--backend", "cpu-fuse"), HasSubstr("cpu-fused?"))},
      {{"train", "--schedule", "inverse"}, 2, Refuses("--schedule", "inverse")},
      {{"train", "--optimizer", "adams"}, 2, Refuses("--optimizer", "adams")},
      {{"train", "--optimizer", "adam", "--backend", "cpu-fused"},
       2,
       AllOf(Refuses("--backend", "cpu-fused"),
             HasSubstr("for optimizer adam:0.9,0.999,1e-08: reference"))},
      {{"train", "--optimizer", "adam", "--rng", "numpy"},
       2,
       HasSubstr("--optimizer: got \"adam:0.9,0.999,1e-08\"; allowed: sgd with rng numpy")},
      {{"train", "--init", "uniform"}, 2, Refuses("--init", "uniform")},
      {{"train", "--rng", "mt19937"}, 2, Refuses("--rng", "mt19937")},
      {{"train", "--init", "normal:0.1+zero"}, 2, Refuses("--init", "normal:0.1+zero")},
      {{"train", "--init", "visible-bias:1+visible-bias:marginal"},
       2,
       Refuses("--init", "visible-bias:1+visible-bias:marginal")},
      {{"worlds", "nowhere"}, 2, Refuses("world", "nowhere")},
      {{"worlds", ""}, 2, Refuses("world", "")},
      {{"worlds", "file:a\nb"}, 66, NamesFile("a?b")},
      {{"backends", "extra"}, 2, HasSubstr("\"extra\"")},
      {{"sample", "--from", "machine.h5", "--plain", "--json"},
       2,
       AllOf(Refuses("--plain", "true"), HasSubstr("--json"))},
      {{"export", "run", "--json"}, 2, HasSubstr("--json")},
      {{"sweep", "--lr", "0.05,0.1,5e-2"}, 2, Refuses("--lr", "0.05")},
      {{"sweep", "--batch", "4", "--batch", "4"}, 2, Refuses("--batch", "4")},
  });
}

TEST(BadInput, Files) {
  expect_refused({
      {{"train", "--world", "file:missing.txt"}, 66, NamesFile("missing.txt")},
      {{"train", "--world", "file:empty.txt"}, 65, NamesFile("empty.txt")},
      {{"train", "--world", "file:ragged.txt"},
       65,
       AllOf(NamesFile("ragged.txt"), HasSubstr("line 2"))},
      {{"worlds", "file:words.txt"}, 65, AllOf(NamesFile("words.txt"), HasSubstr("line 1"))},
      {{"train", "--save", "missing/machine.h5"}, 73, NamesFile("missing/machine.h5")},
      {{"train", "--save", "folder"}, 73, NamesFile("folder")},
      {{"train", "--save", "pipe"}, 73, NamesFile("pipe")},
      {{"train", "--save", ""}, 2, Refuses("--save", "")},
      {{"train", "--from", "missing.h5"}, 66, NamesFile("missing.h5")},
      {{"train", "--from", "folder"}, 66, NamesFile("folder")},
      {{"train", "--from", "pipe"}, 66, NamesFile("pipe")},
      {{"train", "--from", "words.txt"}, 65, NamesFile("words.txt")},
      {{"sample"}, 2, Refuses("--from", "")},
      {{"sample", "--from", "empty.txt"}, 65, NamesFile("empty.txt")},
      {{"train", "--config", "missing.toml"}, 66, NamesFile("missing.toml")},
      {{"train", "--config", "folder"}, 66, NamesFile("folder")},
      {{"train", "--config", "binary.toml"}, 65, NamesFile("binary.toml")},
      {{"train", "--config", "/dev/zero"}, 65, AllOf(NamesFile("/dev/zero"), HasSubstr("32 MiB"))},
      {{"train", "--config", "unknown-key.toml"}, 2, HasSubstr("\"lrr\"")},
      {{"sweep", "--config", "empty-list.toml"}, 2, Refuses("--lr", "an empty list")},
      {{"train", "--config", "unknown-key.toml"}, 2, HasSubstr(" lr?")},
      {{"train", "--config", "unknown-section.toml"}, 2, HasSubstr("\"[trian]\"")},
      {{"train", "--config", "deeper-section.toml"}, 2, HasSubstr("\"[train.more]\"")},
      {{"train", "--config", "nested.toml"}, 2, HasSubstr("--config")},
      {{"train", "--config", "no-flag.toml"}, 2, Refuses("--mean", "7")},
      {{"train", "--config", "bad-rate.toml"}, 2, Refuses("--lr", "nan")},
  });
}

TEST(BadInput, Environment) {
  ASSERT_EQ(setenv("HELMHOLTZ_SIMD", "sse9", 1), 0);
  const auto result = run_program({"train", "--steps", "1"});
  unsetenv("HELMHOLTZ_SIMD");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, Refuses("HELMHOLTZ_SIMD", "sse9"));
}

TEST(BadInput, Combinations) {
  expect_refused({
      {{"train", "--rng", "numpy", "--batch", "2"}, 2, Refuses("--batch", "2")},
      {{"train", "--rng", "numpy", "--seed", "4294967296"}, 2, Refuses("--seed", "4294967296")},
      {{"train", "--rng", "numpy", "--backend", "cpu-fused"}, 2, Refuses("--rng", "numpy")},
      {{"train", "--rng", "numpy", "--save", "new.h5"}, 2, Refuses("--save", "new.h5")},
      {{"train", "--rng", "numpy", "--from", "machine.h5"}, 2, Refuses("--from", "machine.h5")},
      {{"train", "--from", "machine.h5", "--layers", "1,5,9"},
       2,
       AllOf(Refuses("--layers", "1,5,9"), HasSubstr("1,6,9"))},
      {{"train", "--from", "machine.h5", "--world", "bars4x4"},
       2,
       AllOf(Refuses("--world", "bars4x4"), HasSubstr("kirby3x3"))},
      {{"train", "--from", "machine.h5", "--seed", "7"}, 2, Refuses("--seed", "7")},
      {{"train", "--from", "machine.h5", "--lr", "0.1"}, 2, HasSubstr("--lr: got")},
      {{"train", "--from", "machine.h5", "--lr-generative", "0.1"}, 2, HasSubstr("--lr: got")},
      {{"train", "--from", "machine.h5", "--batch", "2"}, 2, Refuses("--batch", "2")},
      {{"train", "--from", "machine.h5", "--particles", "2"}, 2, Refuses("--particles", "2")},
      {{"train", "--from", "machine.h5", "--lr-recognition-wake", "2"}, 2, HasSubstr("awake 2,2")},
      {{"train", "--from", "machine.h5", "--mean"}, 2, HasSubstr("--mean: got")},
      {{"train", "--from", "machine.h5", "--nonnegative"}, 2, HasSubstr("--nonnegative: got")},
      {{"train", "--from", "machine.h5", "--init", "normal:1"},
       2,
       AllOf(Refuses("--init", "normal:1"), HasSubstr("zero"))},
      {{"train", "--from", "machine.h5", "--schedule", "inverse:1"},
       2,
       AllOf(Refuses("--schedule", "inverse:1"), HasSubstr("constant"))},
      {{"train", "--from", "machine.h5", "--optimizer", "momentum:0.9"},
       2,
       AllOf(Refuses("--optimizer", "momentum:0.9"), HasSubstr("sgd"))},
      {{"train", "--from", "machine.h5", "--steps", "1000000000000"},
       2,
       Refuses("--steps", "1000000000000")},
  });
}

#ifndef __SANITIZE_ADDRESS__  // its shadow memory alone exceeds the limit
TEST(BadInput, MoreThanTheMemoryHolds) {
  const TemporaryDirectory folder;
  const auto result =
      run_program({"train", "--layers", "12000,12000,12000,9", "--save", "machine.h5"},
                  folder.path(), {.address_space = rlim_t{1} << 31});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err,
              AllOf(Refuses("--layers", "12000,12000,12000,9"), HasSubstr("2147483648")));
  const auto sweep = run_program(
      {"sweep", "--layers", "12000,12000,9", "--samples", "10", "--seeds", "0:64", "--out", "run"},
      folder.path(), {.address_space = rlim_t{1} << 31});
  EXPECT_EQ(sweep.exit_code, 2);
  EXPECT_THAT(sweep.err, HasSubstr("2.0 GiB"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}
#endif

}  // namespace
}  // namespace helmholtz::testing
