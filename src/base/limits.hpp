#pragma once

#include <filesystem>

/// What the system lets this process use. `root` is the folder of /proc and /sys: tests bring
/// their own.
namespace helmholtz::limits {

/// CPUs that the control groups of this process, nested ones and versions 1 and 2, let it use on
/// average: the smallest quota, a fraction; +inf without one.
double cpu_quota(const std::filesystem::path& root = "/");

/// Bytes that the control groups of this process leave it, the smallest of all; cached files make
/// way. +inf without a limit.
double group_memory(const std::filesystem::path& root = "/");

/// Bytes that this process can take: what the machine and its control groups have free, within the
/// process's own limit. A double: requirements may exceed 2^64 bytes.
double available_memory(const std::filesystem::path& root = "/");

/// How many CPU threads a trainer takes by default, and what sets it.
struct Threads {
  int count = 1;
  const char* set_by = "";
};

/// The fewest of: cores of the affinity mask, cpu_quota() rounded up, SLURM_CPUS_PER_TASK.
Threads default_threads(const std::filesystem::path& root = "/");

/// @throws InvalidArgument (field "threads") unless it is 0 to `most`
void require_threads(int threads, int most);

}  // namespace helmholtz::limits
