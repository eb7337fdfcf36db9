// Limits as the files of a system state them.
#include "base/limits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/environment_variable.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz {
namespace {

/// A tree with /proc and /sys.
class System {
 public:
  System& file(const std::filesystem::path& name, const std::string& text) {
    std::filesystem::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
    return *this;
  }
  [[nodiscard]] const std::filesystem::path& root() const { return folder_.path(); }

 private:
  testing::TemporaryDirectory folder_;
};

TEST(Limits, ThereAreNoneWithoutControlGroups) {
  const System system;
  EXPECT_TRUE(std::isinf(limits::cpu_quota(system.root())));
  EXPECT_TRUE(std::isinf(limits::group_memory(system.root())));
  EXPECT_GE(limits::default_threads(system.root()).count, 1);
}

TEST(Limits, OfVersion2AreTheLeastOfAllGroupsAround) {
  System system;
  system.file("proc/self/cgroup", "0::/slice/job/step\n")
      .file("sys/fs/cgroup/slice/job/step/cpu.max", "max 100000\n")
      .file("sys/fs/cgroup/slice/job/cpu.max", "150000 100000\n")
      .file("sys/fs/cgroup/slice/cpu.max", "800000 100000\n")
      .file("sys/fs/cgroup/slice/job/step/memory.max", "max\n")
      .file("sys/fs/cgroup/slice/job/step/memory.current", "10\n")
      .file("sys/fs/cgroup/slice/job/memory.max", "1000\n")
      .file("sys/fs/cgroup/slice/job/memory.current", "600\n")
      .file("sys/fs/cgroup/slice/job/memory.stat", "anon 7\ninactive_file 50\n")
      .file("sys/fs/cgroup/slice/memory.max", "5000\n")
      .file("sys/fs/cgroup/slice/memory.current", "700\n");
  EXPECT_EQ(limits::cpu_quota(system.root()), 1.5);
  EXPECT_EQ(limits::group_memory(system.root()), 450);
  system.file("sys/fs/cgroup/slice/memory.high", "900\n");  // beyond it, a group is slowed down
  EXPECT_EQ(limits::group_memory(system.root()), 200);
}

TEST(Limits, OfVersion1LieInAFolderPerController) {
  System system;
  system.file("proc/self/cgroup", "4:memory:/docker/a\n2:cpu,cpuacct:/docker/a\n1:name=systemd:/\n")
      .file("sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_quota_us", "50000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/docker/a/cpu.cfs_period_us", "100000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
      .file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
      .file("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "1000\n")
      .file("sys/fs/cgroup/memory/docker/memory.usage_in_bytes", "900\n")
      .file("sys/fs/cgroup/memory/docker/memory.stat", "inactive_file 1\ntotal_inactive_file 20\n")
      .file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
      .file("sys/fs/cgroup/memory/memory.usage_in_bytes", "5000\n");
  EXPECT_EQ(limits::cpu_quota(system.root()), 0.5);
  EXPECT_EQ(limits::group_memory(system.root()), 120);
}

TEST(Limits, OfAContainerThatSeesItsGroupAsTheOutermost) {
  System system;
  system.file("proc/self/cgroup", "0::/../../system/unknown\n")
      .file("sys/fs/cgroup/cpu.max", "25000 100000\n")
      .file("sys/fs/cgroup/memory.max", "100\n")
      .file("sys/fs/cgroup/memory.current", "500\n");
  EXPECT_EQ(limits::cpu_quota(system.root()), 0.25);
  EXPECT_EQ(limits::group_memory(system.root()), 0);
}

TEST(Limits, ThreadsAreTheFewestAndNameWhatSetsThem) {
  System system;
  const auto cores = limits::default_threads(system.root());
  if (cores.count < 2) GTEST_SKIP() << "one core";
  system.file("proc/self/cgroup", "0::/\n").file("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(limits::default_threads(system.root()).count, 1);
  EXPECT_STREQ(limits::default_threads(system.root()).set_by, "CPU quota");
  system.file("sys/fs/cgroup/cpu.max", "150000 100000\n");  // one and a half: two can use them
  EXPECT_EQ(limits::default_threads(system.root()).count, 2);
  const testing::EnvironmentVariable slurm("SLURM_CPUS_PER_TASK", "1");
  EXPECT_EQ(limits::default_threads(system.root()).count, 1);
  EXPECT_STREQ(limits::default_threads(system.root()).set_by, "SLURM_CPUS_PER_TASK");
}

}  // namespace
}  // namespace helmholtz
