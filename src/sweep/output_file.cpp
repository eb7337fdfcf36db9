#include "sweep/output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "helmholtz/error.hpp"

namespace helmholtz {

OutputFile::OutputFile(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) throw CannotCreate(path_.string(), std::strerror(errno));
}

OutputFile::~OutputFile() { close(descriptor_); }

void OutputFile::append(std::string_view text) {
  const auto size = size_ + text.size();
  while (!text.empty()) {
    const auto written = write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int problem = errno;
      // Rows that are complete must stay readable; if the cut fails too, the first error is told.
      static_cast<void>(ftruncate(descriptor_, static_cast<off_t>(size_)) == 0);
      throw IoError(path_.string(), std::strerror(problem));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ = size;
}

void OutputFile::sync() {
  if (fsync(descriptor_) != 0) throw IoError(path_.string(), std::strerror(errno));
}

}  // namespace helmholtz
