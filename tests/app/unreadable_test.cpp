// Files that cannot be read or locked at present are left alone: only wrong bytes are damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "support/json.hpp"
#include "support/process.hpp"
#include "support/sweep_command.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

/// A finished sweep, and a program whose files fail.
class Unreadable : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "AddressSanitizer wants to be preloaded first";
#endif
    ASSERT_EQ(run(sweep_).exit_code, 0);
    shards_ = files_in(folder_.path() / "run" / "shards");
    ASSERT_EQ(shards_.size(), 1U);
  }
  [[nodiscard]] Finished run(const Arguments& arguments) const {
    return run_program(arguments, folder_.path());
  }
  /// @param failing  as HELMHOLTZ_FAILING
  [[nodiscard]] Finished with(const std::string& failing, const Arguments& arguments) const {
    Process::Options options;
    options.environment = {"LD_PRELOAD=" HELMHOLTZ_FAULTS, "HELMHOLTZ_FAILING=" + failing};
    return run_program(arguments, folder_.path(), options);
  }
  void flip_a_byte() const {
    std::fstream file(shard_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(700);
    const auto byte = static_cast<char>(file.get() ^ 4);
    file.seekp(700);
    file.put(byte);
  }

  TemporaryDirectory folder_;
  std::filesystem::path shard_ = folder_.path() / "run" / "shards" / "00000000.h5";
  Arguments sweep_ = small_sweep({"--out", "run", "--json", "--quiet"});
  std::map<std::string, std::string> shards_;
};

TEST_F(Unreadable, ShardsAreAnErrorOfTheirOwnAndStay) {
  const std::vector<Arguments> commands = {sweep_,
                                           {"verify", "run"},
                                           {"verify", "run", "--quarantine"},
                                           {"export", "run"},
                                           {"report", "run"},
                                           {"replay", "run", "--machine", "0"},
                                           {"status", "run"}};
  for (const auto& [kind, error] : {std::pair{"open", EACCES}, {"pread", EIO}, {"open", ESTALE}}) {
    const auto failing = std::string(kind) + ":" + std::to_string(error) + ":/shards/0";
    for (const auto& command : commands) {
      const auto ran = with(failing, command);
      EXPECT_EQ(ran.exit_code, 74) << failing << ' ' << command[0] << ran.err;
      EXPECT_THAT(ran.err, HasSubstr("run/shards/00000000.h5")) << failing;
      EXPECT_THAT(ran.err, HasSubstr(std::strerror(error))) << failing;
      EXPECT_TRUE(files_in(shard_.parent_path()) == shards_) << failing << ' ' << command[0];
    }
  }
  EXPECT_EQ(Json::parse(run(sweep_).out)["trained"], 0);
}

TEST_F(Unreadable, SettingsAreAnErrorOfTheirOwn) {
  for (const auto* name : {"run/manifest.json", "run/config.toml"}) {
    const auto ran = with("open:" + std::to_string(EACCES) + ":" + name, sweep_);
    EXPECT_EQ(ran.exit_code, 74) << name << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(name));
  }
  EXPECT_EQ(Json::parse(run(sweep_).out)["trained"], 0);
}

TEST_F(Unreadable, SavedMachinesAreAnErrorOfTheirOwn) {
  ASSERT_EQ(run({"train", "--steps", "5", "--save", "m.h5", "--quiet"}).exit_code, 0);
  const Arguments sample = {"sample", "--from", "m.h5", "--count", "1"};
  for (const auto& [kind, error] : {std::pair{"open", EACCES}, {"pread", EIO}}) {
    const auto ran = with(std::string(kind) + ":" + std::to_string(error) + ":m.h5", sample);
    EXPECT_EQ(ran.exit_code, 74) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("m.h5"));
    EXPECT_THAT(ran.err, HasSubstr(std::strerror(error)));
  }
  EXPECT_EQ(run(sample).exit_code, 0);
}

/// As on NFS without a lock daemon, and on Cray's DVS.
TEST_F(Unreadable, IsNothingForWantOfFlock) {
  constexpr int kNotSupported = 524;  // of the kernel, unknown to the C library
  for (const int error : {ENOLCK, kNotSupported}) {
    const auto failing = "flock:" + std::to_string(error) + ":/";
    std::filesystem::remove_all(folder_.path() / "run");
    EXPECT_EQ(with(failing, sweep_).exit_code, 0);
    EXPECT_EQ(with(failing, {"verify", "run"}).exit_code, 0);
    EXPECT_TRUE(files_in(shard_.parent_path()) == shards_);
    EXPECT_EQ(with(failing, {"train", "--steps", "5", "--save", "m.h5"}).exit_code, 0);
    EXPECT_EQ(with(failing, {"sample", "--from", "m.h5", "--count", "1"}).exit_code, 0);
  }
}

TEST_F(Unreadable, IsADirectoryThatCannotBeLocked) {
  const auto ran = with("fcntl:" + std::to_string(ENOLCK) + ":/lock", sweep_);
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, HasSubstr("run/lock"));
  EXPECT_THAT(ran.err, HasSubstr(std::strerror(ENOLCK)));
  EXPECT_TRUE(files_in(shard_.parent_path()) == shards_);
}

TEST_F(Unreadable, IsALinkToAFileThatIsAway) {
  const auto elsewhere = folder_.path() / "elsewhere.h5";
  std::filesystem::rename(shard_, elsewhere);
  std::filesystem::create_symlink(elsewhere, shard_);
  EXPECT_EQ(Json::parse(run(sweep_).out)["trained"], 0);
  std::filesystem::remove(elsewhere);
  const auto ran = run(sweep_);
  EXPECT_EQ(ran.exit_code, 74);
  EXPECT_THAT(ran.err, HasSubstr("run/shards/00000000.h5"));
  EXPECT_TRUE(std::filesystem::is_symlink(shard_));
}

TEST_F(Unreadable, IsNotWhatADamagedShardIsButTwiceIsNoAccident) {
  flip_a_byte();
  const auto first = run(sweep_);
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_THAT(first.err, HasSubstr("run/shards/00000000.h5"));
  EXPECT_THAT(first.err, HasSubstr("00000000.h5.bad-1"));
  EXPECT_EQ(read_file(shard_), shards_["00000000.h5"]);
  flip_a_byte();
  for (const auto& command : {sweep_, Arguments{"verify", "run", "--quarantine"}}) {
    const auto second = run(command);
    EXPECT_EQ(second.exit_code, 74);
    EXPECT_THAT(second.err, HasSubstr("run/shards/00000000.h5"));
    EXPECT_EQ(files_in(shard_.parent_path()).size(), 2U);
  }
  std::filesystem::remove(shard_.string() + ".bad-1");
  const auto third = run({"verify", "run", "--quarantine"});
  EXPECT_EQ(third.exit_code, 65);
  EXPECT_THAT(third.err, HasSubstr("00000000.h5.bad-1"));
  EXPECT_EQ(Json::parse(run(sweep_).out)["trained"], 16);
}

}  // namespace
}  // namespace helmholtz::testing
