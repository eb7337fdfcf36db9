#include "base/atomic_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::io {

namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

void require_replaceable(const std::filesystem::path& path) {
  if (!path.has_filename()) throw CannotCreate(path.string(), "no file name");
  std::error_code error;
  const auto there = std::filesystem::status(path, error);
  // The temporary name is shorter: what it allows, the rename may not.
  if (error == std::errc::filename_too_long) throw CannotCreate(path.string(), error.message());
  if (std::filesystem::is_directory(there)) throw CannotCreate(path.string(), "is a directory");
  // A rename would put the file in the place of a device or a pipe.
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    throw CannotCreate(path.string(), "is no regular file");
  }
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path, Rivals rivals) : path_(std::move(path)) {
  require_replaceable(path_);
  create(rivals);
}

AtomicFile::~AtomicFile() {
  if (!committed_ && file_) unlink(temporary_.c_str());
}

void AtomicFile::create(Rivals rivals) {
  const auto folder = folder_of(path_);
  const auto name = path_.filename().string();
  for (int n = 0; !file_ || !file_->is_open(); ++n) {
    const bool alone = rivals == Rivals::none;
    constexpr std::size_t kLongest = 100;  // fits with what is added wherever the name itself does
    temporary_ = folder / (alone ? fmt::format(".{}.tmp", name)
                                 : fmt::format(".{}.{}-{}.tmp", text::beginning(name, kLongest, ""),
                                               getpid(), n));
    file_.emplace(temporary_, O_WRONLY | O_CREAT | O_NOFOLLOW | (alone ? O_TRUNC : O_EXCL));
    if (file_->is_open() || (!alone && errno == EEXIST)) continue;
    const int error = errno;
    file_.reset();
    throw_not_created(path_, error);
  }
}

void AtomicFile::fail(int error) const { throw IoError(path_.string(), std::strerror(error)); }

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_->get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::sync() {
  if (fsync(file_->get()) != 0 || !file_->close()) fail(errno);
}

void AtomicFile::give_name() {
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  committed_ = true;
}

void AtomicFile::commit() {
  sync();
  give_name();
  sync_folder(folder_of(path_));
}

void AtomicFile::commit_all(const std::filesystem::path& folder, std::deque<AtomicFile>& files) {
  // All writes are under way before the first is waited for: the file system then commits them
  // together. A mere request: whether it failed, fsync says.
  for (const auto& file : files) {
    static_cast<void>(sync_file_range(file.file_->get(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }
  for (auto& file : files) file.sync();
  for (auto& file : files) file.give_name();
  sync_folder(folder);
}

void write_file(const std::filesystem::path& path, std::string_view bytes,
                AtomicFile::Rivals rivals) {
  AtomicFile file(path, rivals);
  file.write(bytes);
  file.commit();
}

void sync_folder(const std::filesystem::path& folder) {
  Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open() || fsync(descriptor.get()) != 0 || !descriptor.close()) {
    throw IoError(folder.string(), std::strerror(errno));
  }
}

void throw_not_created(const std::filesystem::path& path, int error) {
  const bool disk = error == ENOSPC || error == EDQUOT || error == EIO;
  if (disk) throw IoError(path.string(), std::strerror(error));
  throw CannotCreate(path.string(), std::strerror(error));
}

void require_creatable(const std::filesystem::path& path) { const AtomicFile trial(path); }

}  // namespace helmholtz::io
