#pragma once

#include <filesystem>

namespace helmholtz::io {

/// An output that appears under its name complete or not at all: written under a temporary name in
/// the same folder, synced, then renamed.
class AtomicFile {
 public:
  /// Creates the temporary file, empty. @throws CannotCreate
  explicit AtomicFile(std::filesystem::path path);
  /// Removes what was not committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary() const noexcept { return temporary_; }
  /// Syncs the file, renames it, and syncs the folder. @throws IoError
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

/// Creates a file beside `path` and removes it again: whether a later save can work.
/// @throws CannotCreate
void require_creatable(const std::filesystem::path& path);

}  // namespace helmholtz::io
