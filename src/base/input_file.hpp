#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace helmholtz::io {

/// Owns a POSIX file descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags, mode_t mode = 0666)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  /// Closes now; false if that fails, as it may when a write was only buffered. See errno.
  [[nodiscard]] bool close() noexcept { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// A regular file, open to be read. What cannot be read is an error of its own (IoError, with the
/// system's reason): it never looks like a file that is missing, short or damaged.
class InputFile {
 public:
  /// @throws NoInput if there is no such file, or no regular one; IoError if it cannot be opened
  explicit InputFile(const std::filesystem::path& path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Its length when it was opened.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Fills `out` from an offset as far as the file goes. @return the bytes read @throws IoError
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<char> out) const;

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;
};

/// @throws NoInput where errno says that there is no such file, else IoError
[[noreturn]] void throw_not_opened(const std::string& path, int error);

/// A file or a pipe, open to be read as a stream.
/// @param if_directory  the problem to name if it is one @throws NoInput, IoError
std::ifstream open_stream(const std::string& path, std::string_view if_directory);

/// All of a file. @throws as InputFile
std::string read_file(const std::filesystem::path& path);

/// Whether there is anything of this name, a link to nothing included.
/// @throws IoError if that cannot be found out
bool is_there(const std::filesystem::path& path);

}  // namespace helmholtz::io
