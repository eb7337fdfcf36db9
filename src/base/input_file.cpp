#include "base/input_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "helmholtz/error.hpp"

namespace helmholtz::io {

void throw_not_opened(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR) throw NoInput(path, std::strerror(error));
  throw IoError(path, std::strerror(error));
}

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path.string()), file_(path, O_RDONLY | O_NONBLOCK) {  // a named pipe must not block
  struct stat status {};
  if (!file_.is_open() || fstat(file_.get(), &status) != 0) throw_not_opened(path_, errno);
  if (!S_ISREG(status.st_mode)) throw NoInput(path_, "is no regular file");
  bytes_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t InputFile::read_at(std::uint64_t offset, std::span<char> out) const {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const auto got = pread(file_.get(), out.data() + filled, out.size() - filled,
                           static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(path_, std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::ifstream open_stream(const std::string& path, std::string_view if_directory) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) throw NoInput(path, if_directory);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_not_opened(path, errno);
  return file;
}

std::string read_file(const std::filesystem::path& path) {
  const InputFile file(path);
  std::string bytes(file.bytes(), '\0');
  bytes.resize(file.read_at(0, bytes));
  return bytes;
}

bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(path, error);
  if (status.type() == std::filesystem::file_type::not_found ||
      error == std::errc::filename_too_long) {
    return false;
  }
  if (error) throw IoError(path.string(), error.message());
  return true;
}

}  // namespace helmholtz::io
