#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/descriptor.hpp"

namespace helmholtz::io {

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

/// All of a file. @throws as InputFile
std::string read_file(const std::filesystem::path& path);

/// Whether there is anything of this name, a link to nothing included.
/// @throws IoError if that cannot be found out
bool is_there(const std::filesystem::path& path);

}  // namespace helmholtz::io
