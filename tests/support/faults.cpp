// A library to preload.
// The k-th operation on a file that is being written fails: HELMHOLTZ_FAULT says which, "k:errno"
// with k from 1; HELMHOLTZ_FAULT_FOLDER where it counts. It says so on stderr when it happens. A
// write that fails for want of space writes half first.
// Every operation of one kind fails: HELMHOLTZ_FAILING says which, "kind:errno:path", for files
// whose path has that part; kinds are open, pread, flock and fcntl (its locks).
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// Whether this operation is the one that fails; errno is set then.
bool fails(const char* operation, std::string_view path) {
  static const char* const fault = std::getenv("HELMHOLTZ_FAULT");
  static const char* const folder = std::getenv("HELMHOLTZ_FAULT_FOLDER");
  static long count = 0;
  if (fault == nullptr || folder == nullptr || path.find(folder) == std::string::npos) return false;
  // What is appended to a log is written at once, and a lock or a file that was removed holds
  // nothing: how they close is of no account.
  const bool holds_nothing =
      path.ends_with("/log.jsonl") || path.ends_with("/lock") || path.ends_with(" (deleted)");
  if (std::string_view(operation) == "close" && holds_nothing) return false;
  char* rest = nullptr;
  if (++count != std::strtol(fault, &rest, 10)) return false;
  const auto line = std::string("fault: ") + operation + " " + std::string(path) + "\n";
  static const auto real_write = next<ssize_t (*)(int, const void*, size_t)>("write");
  static_cast<void>(real_write(STDERR_FILENO, line.data(), line.size()) > 0);
  errno = static_cast<int>(std::strtol(rest + 1, nullptr, 10));
  return true;
}

std::string path_of(int descriptor) {
  std::array<char, 4096> path{};
  const auto link = "/proc/self/fd/" + std::to_string(descriptor);
  const auto length = readlink(link.c_str(), path.data(), path.size());
  return {path.data(), static_cast<std::size_t>(length > 0 ? length : 0)};
}

int real_fcntl(int descriptor, int command, void* argument) {
  static const auto real = next<int (*)(int, int, ...)>("fcntl");
  return real(descriptor, command, argument);
}

bool fails(const char* operation, int descriptor) {
  const int flags = real_fcntl(descriptor, F_GETFL, nullptr);
  if ((flags & O_ACCMODE) == O_RDONLY && (flags & O_DIRECTORY) == 0) return false;
  const auto path = path_of(descriptor);
  return !path.empty() && fails(operation, path);
}

/// Whether all operations of this kind fail; errno is set then.
bool always_fails(std::string_view kind, std::string_view path) {
  const char* const failing = std::getenv("HELMHOLTZ_FAILING");
  if (failing == nullptr) return false;
  const std::string_view text(failing);
  const auto colon = text.find(':');
  char* rest = nullptr;
  const auto error = std::strtol(failing + colon + 1, &rest, 10);
  if (text.substr(0, colon) != kind || path.find(rest + 1) == std::string::npos) return false;
  errno = static_cast<int>(error);
  return true;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = va_arg(arguments, mode_t);
  va_end(arguments);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_DIRECTORY) != 0;
  if (writes && fails("open", path)) return -1;
  if (always_fails("open", path)) return -1;
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  return real(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  if (!fails("write", descriptor)) return real(descriptor, bytes, size);
  const int error = errno;
  if (error == ENOSPC) static_cast<void>(real(descriptor, bytes, size / 2) > 0);
  errno = error;
  return -1;
}

ssize_t pread(int descriptor, void* bytes, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  return always_fails("pread", path_of(descriptor)) ? -1 : real(descriptor, bytes, size, offset);
}

int flock(int descriptor, int operation) {
  static const auto real = next<int (*)(int, int)>("flock");
  return always_fails("flock", path_of(descriptor)) ? -1 : real(descriptor, operation);
}

int fcntl(int descriptor, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  auto* const argument = va_arg(arguments, void*);
  va_end(arguments);
  const bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK;
  if (locks && always_fails("fcntl", path_of(descriptor))) return -1;
  return real_fcntl(descriptor, command, argument);
}

int fsync(int descriptor) {
  static const auto real = next<int (*)(int)>("fsync");
  return fails("fsync", descriptor) ? -1 : real(descriptor);
}

int close(int descriptor) {
  static const auto real = next<int (*)(int)>("close");
  const bool failed = fails("close", descriptor);
  const int error = errno;
  const int result = real(descriptor);
  if (failed) errno = error;
  return failed ? -1 : result;
}

int rename(const char* from, const char* to) {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return fails("rename", to) ? -1 : real(from, to);
}

int mkdir(const char* path, mode_t mode) {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return fails("mkdir", path) ? -1 : real(path, mode);
}
}
