// What a run directory is made of: its log, settings, parts and locks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include "helmholtz/run_directory.hpp"
#include "run/event_log.hpp"
#include "run/lock_file.hpp"
#include "support/small_sweep.hpp"
#include "support/temporary_directory.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {
namespace {

using ::testing::HasSubstr;

TEST(Events, OfAnotherKindAreDropped) {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() / "log.jsonl";
  const EventLog log(path);
  std::ofstream(path, std::ios::app)
      << R"({"event": "shard", "process": "seven", "host": "a"})" << '\n'
      << R"({"event": "shard", "process": 7, "host": "a", "seconds": {}})"
      << "\n[1]\n7\n{\"ev\n";
  log.write("shard", {{"machines", 3}, {"seconds", 0.5}});
  const auto events = read_events(path);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "shard");
  EXPECT_EQ(events[0].process, getpid());
  EXPECT_EQ(events[0].machines, 3);
}

TEST(Events, OfTwoWritersAreAllKept) {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() / "log.jsonl";
  const EventLog one(path);
  const EventLog other(path);
  for (int i = 0; i < 3; ++i) {
    one.write("one");
    other.write("other");
  }
  const auto events = read_events(path);
  ASSERT_EQ(events.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(events[i].kind, i % 2 == 0 ? "one" : "other");
}

TEST(Settings, DifferInAFewWords) {
  const auto text = difference({{"lr", std::string(1000, '1')}}, {{"lr", std::string(1000, '2')}});
  EXPECT_LT(text.size(), 200U);
  EXPECT_THAT(text, HasSubstr("lr: 111"));
}

TEST(Settings, DifferWhereOneSideOmitsOne) {
  EXPECT_EQ(difference({{"a", "1"}, {"b", "2"}}, {{"a", "1"}, {"c", "3"}}),
            "c: the default there, 3 now; b: 2 there, the default now");
}

/// What decides a tolerant backend's results: its name, and how it multiplies.
TEST(Settings, NameTheArithmetic) {
  auto spec = testing::two_configurations();
  const auto backend = [&] {
    for (const auto& [name, value] : settings_of(spec)) {
      if (name == "backend") return value;
    }
    return std::string();
  };
  EXPECT_EQ(backend(), "exact");
  spec.backend = "cuda-layered";
  EXPECT_EQ(backend(), "cuda-layered");
  spec.math = MatrixMath::tf32;
  EXPECT_EQ(backend(), "cuda-layered tf32");
}

TEST(Parts, CoverAllShardsOnce) {
  for (const std::uint64_t shards : {0U, 1U, 7U, 100U}) {
    std::uint64_t next = 0;
    for (std::uint64_t k = 0; k < 8; ++k) {
      const auto range = SweepPart{.k = k, .n = 8}.of(shards);
      EXPECT_EQ(range.first, next);
      EXPECT_LE(range.count, shards / 8 + 1);
      next += range.count;
    }
    EXPECT_EQ(next, shards);
  }
}

/// Locks are between processes, so the other holder is one.
TEST(Locks, NameTheirHolders) {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() / "lock";
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const auto child = fork();
  if (child == 0) {
    const LockFile lock(path, LockFile::Access::write);
    const bool both =
        !lock.try_lock({.first = 2, .count = 3}) && !lock.try_lock({.first = 8, .count = 1});
    static_cast<void>(write(ready[1], both ? "y" : "n", 1) == 1);
    pause();
  }
  char both = 'n';
  ASSERT_EQ(::read(ready[0], &both, 1), 1);
  EXPECT_EQ(both, 'y');
  const LockFile lock(path, LockFile::Access::write);
  EXPECT_FALSE(lock.try_lock({.first = 0, .count = 2}));
  const auto holder = lock.try_lock({.first = 0, .count = 10});
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->process, child);
  const auto holders = lock.holders({.first = 0, .count = 100});
  ASSERT_EQ(holders.size(), 2U);
  EXPECT_EQ(holders[0].range.first, 2U);
  EXPECT_EQ(holders[0].range.count, 3U);
  EXPECT_EQ(holders[1].range.first, 8U);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(lock.try_lock({.first = 0, .count = 10}));
}

}  // namespace
}  // namespace helmholtz
