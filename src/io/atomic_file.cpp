#include "io/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "io/descriptor.hpp"

namespace helmholtz::io {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void sync(const std::filesystem::path& path, int flags) {
  const Descriptor file(path, flags);
  if (!file.is_open() || fsync(file.get()) != 0) throw IoError(path.string(), std::strerror(errno));
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_(folder_of(path_) /
                 fmt::format(".{}.{}.tmp", path_.filename().string(), getpid())) {
  std::error_code ignored;
  if (!path_.has_filename()) throw CannotCreate(path_.string(), "no file name");
  const auto there = std::filesystem::status(path_, ignored);
  if (std::filesystem::is_directory(there)) throw CannotCreate(path_.string(), "is a directory");
  // A rename would put the file in the place of a device or a pipe.
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    throw CannotCreate(path_.string(), "is no regular file");
  }
  const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) throw CannotCreate(path_.string(), std::strerror(errno));
}

AtomicFile::~AtomicFile() {
  if (!committed_) unlink(temporary_.c_str());
}

void AtomicFile::commit() {
  sync(temporary_, O_RDONLY);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    throw IoError(path_.string(), std::strerror(errno));
  }
  committed_ = true;
  sync(folder_of(path_), O_RDONLY | O_DIRECTORY);
}

void require_creatable(const std::filesystem::path& path) { const AtomicFile trial(path); }

}  // namespace helmholtz::io
