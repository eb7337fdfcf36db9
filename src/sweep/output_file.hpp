#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace helmholtz {

/// A file that grows by whole pieces: each one is written completely, or cut off again.
class OutputFile {
 public:
  /// @throws CannotCreate if it exists or cannot be created
  explicit OutputFile(std::filesystem::path path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// @throws IoError, e.g. on a full disk; earlier pieces stay
  void append(std::string_view text);
  /// Waits until the disk has it all. @throws IoError
  void sync();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace helmholtz
