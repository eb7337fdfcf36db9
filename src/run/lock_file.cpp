#include "run/lock_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

/// The byte that stands for the directory itself, behind all shards.
constexpr ShardRange kDirectory{.first = std::uint64_t{1} << 62U, .count = 1};

struct flock region(short type, ShardRange range) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(range.first);
  lock.l_len = static_cast<off_t>(range.count);
  return lock;
}

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw IoError(path.string(),
                fmt::format("cannot be locked: {}; the directory of a sweep must be on a file "
                            "system with POSIX locks",
                            std::strerror(error)));
}

}  // namespace

LockFile::LockFile(const std::filesystem::path& path, Access access)
    : path_(path), file_(path, access == Access::write ? O_RDWR | O_CREAT : O_RDONLY) {
  if (file_.is_open()) return;
  if (access == Access::read) io::throw_not_opened(path.string(), errno);
  io::throw_not_created(path, errno);
}

bool LockFile::set(short type, ShardRange range, int command) const {
  auto lock = region(type, range);
  while (fcntl(file_.get(), command, &lock) != 0) {
    if (errno == EINTR) continue;
    if (command == F_SETLK && (errno == EACCES || errno == EAGAIN)) return false;
    fail(path_, errno);
  }
  return true;
}

std::optional<LockFile::Holder> LockFile::try_lock(ShardRange range) const {
  if (range.count == 0) return std::nullopt;
  while (!set(F_WRLCK, range, F_SETLK)) {
    if (const auto holder = first_holder(range)) return holder;  // else it has just let go
  }
  return std::nullopt;
}

std::optional<LockFile::Holder> LockFile::first_holder(ShardRange range) const {
  auto lock = region(F_WRLCK, range);
  if (fcntl(file_.get(), F_GETLK, &lock) != 0) fail(path_, errno);
  if (lock.l_type == F_UNLCK) return std::nullopt;
  const auto first = std::max(static_cast<std::uint64_t>(lock.l_start), range.first);
  const auto end = lock.l_len == 0 ? range.first + range.count
                                   : static_cast<std::uint64_t>(lock.l_start + lock.l_len);
  return Holder{.range = {.first = first, .count = end - first}, .process = lock.l_pid};
}

std::vector<LockFile::Holder> LockFile::holders(ShardRange range) const {
  std::vector<Holder> all;
  // The system names any holder within the range, so what lies on both sides is asked again.
  std::vector<ShardRange> open = {range};
  while (!open.empty()) {
    const auto [first, count] = open.back();
    open.pop_back();
    if (count == 0) continue;
    const auto holder = first_holder({.first = first, .count = count});
    if (!holder) continue;
    all.push_back(*holder);
    const auto held_end = std::min(holder->range.first + holder->range.count, first + count);
    open.push_back({.first = first, .count = holder->range.first - first});
    open.push_back({.first = held_end, .count = first + count - held_end});
  }
  std::sort(all.begin(), all.end(),
            [](const Holder& a, const Holder& b) { return a.range.first < b.range.first; });
  return all;
}

LockFile::Exclusive::Exclusive(const LockFile& file) : file_(file) {
  static_cast<void>(file_.set(F_WRLCK, kDirectory, F_SETLKW));  // waits, or throws
}

LockFile::Exclusive::~Exclusive() {
  auto lock = region(F_UNLCK, kDirectory);
  fcntl(file_.file_.get(), F_SETLK, &lock);  // unlocking what is locked does not fail
}

}  // namespace helmholtz
