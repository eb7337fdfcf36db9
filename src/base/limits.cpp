#include "base/limits.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <oneapi/tbb/info.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::limits {

namespace {

using Path = std::filesystem::path;

constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// The number behind a name in a file of such lines; without a name, the file's first. "max" is
/// none.
std::optional<double> number_in(const Path& path, std::string_view wanted = {}) {
  std::ifstream file(path);
  for (std::string name; !wanted.empty() && name != wanted && file >> name;) {
    if (name != wanted) file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  double value = 0;
  return file >> value ? std::optional(value) : std::nullopt;
}

/// Folders whose files limit a resource for this process: those of its control group and of all
/// groups around it. A container may see its own group as the outermost, under a path that it
/// does not know: folders that are not there limit nothing.
std::vector<Path> group_folders(const Path& root, std::string_view controller) {
  std::vector<Path> folders;
  const auto add = [&](const Path& hierarchy, const Path& group) {
    for (auto below = group.lexically_normal().relative_path(); !below.empty();
         below = below.parent_path()) {
      folders.push_back(hierarchy / below);
    }
    folders.push_back(hierarchy);
  };
  const auto mounts = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto controllers = line.find(':') + 1;  // ID:CONTROLLERS:GROUP
    const auto group = line.find(':', controllers) + 1;
    if (controllers == 0 || group == 0) continue;
    const auto names = line.substr(controllers, group - 1 - controllers);
    const auto list = text::split(names, ',');
    if (names.empty()) {
      add(mounts, line.substr(group));
      add(mounts / "unified", line.substr(group));  // where both versions are mounted
    } else if (std::find(list.begin(), list.end(), controller) != list.end()) {
      add(mounts / names, line.substr(group));
      add(mounts / controller, line.substr(group));
    }
  }
  return folders;
}

double cpu_quota_of(const Path& folder) {
  double quota = 0;
  double period = 0;
  if (std::ifstream(folder / "cpu.max") >> quota >> period && period > 0) return quota / period;
  quota = number_in(folder / "cpu.cfs_quota_us").value_or(-1);  // -1: none
  period = number_in(folder / "cpu.cfs_period_us").value_or(0);
  return quota > 0 && period > 0 ? quota / period : kNoLimit;
}

double memory_left(const Path& folder, const char* limit_file, const char* used_file,
                   std::string_view cached_name) {
  const auto limit = number_in(folder / limit_file);
  const auto used = number_in(folder / used_file);
  if (!limit || !used) return kNoLimit;
  const double cached = number_in(folder / "memory.stat", cached_name).value_or(0);
  return std::clamp(*limit - *used + cached, 0.0, *limit);
}

}  // namespace

double cpu_quota(const Path& root) {
  double quota = kNoLimit;
  for (const auto& folder : group_folders(root, "cpu")) {
    quota = std::min(quota, cpu_quota_of(folder));
  }
  return quota;
}

double group_memory(const Path& root) {
  double left = kNoLimit;
  for (const auto& folder : group_folders(root, "memory")) {
    for (const auto* limit : {"memory.max", "memory.high"}) {
      left = std::min(left, memory_left(folder, limit, "memory.current", "inactive_file"));
    }
    left = std::min(left, memory_left(folder, "memory.limit_in_bytes", "memory.usage_in_bytes",
                                      "total_inactive_file"));
  }
  return left;
}

double available_memory(const Path& root) {
  const auto free_kibibytes = number_in(root / "proc/meminfo", "MemAvailable:");
  rlimit limit{};
  const bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return std::min({free_kibibytes.value_or(kNoLimit) * 1024, group_memory(root),
                   is_limited ? static_cast<double>(limit.rlim_cur) : kNoLimit});
}

Threads default_threads(const Path& root) {
  Threads threads{.count = tbb::info::default_concurrency(), .set_by = "cores"};
  const auto at_most = [&](double count, const char* by) {
    if (!(count >= 0 && count < threads.count)) return;
    threads = {.count = std::max(1, static_cast<int>(std::ceil(count))), .set_by = by};
  };
  at_most(std::ceil(cpu_quota(root)), "CPU quota");
  const char* slurm = std::getenv("SLURM_CPUS_PER_TASK");
  const auto given = slurm == nullptr ? std::nullopt : text::number<int>(slurm);
  if (given) at_most(*given, "SLURM_CPUS_PER_TASK");
  return threads;
}

void require_threads(int threads, int most) {
  if (threads >= 0 && threads <= most) return;
  throw InvalidArgument("threads", std::to_string(threads),
                        fmt::format("0 (as many as this process may use) to {}", most));
}

}  // namespace helmholtz::limits
