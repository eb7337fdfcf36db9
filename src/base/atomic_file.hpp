#pragma once

#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/input_file.hpp"

namespace helmholtz::io {

/// An output that appears under its name complete or not at all: written under a temporary name in
/// the same folder, synced, then renamed. Errors name the output, never the temporary file.
class AtomicFile {
 public:
  /// Whether someone else may write the same output at this moment. If so, the temporary name is
  /// new and never too long; if a lock rules that out, it is always `.NAME.tmp`, and what a killed
  /// writer left there is overwritten.
  enum class Rivals { possible, none };

  /// Creates the temporary file, empty. @throws CannotCreate, IoError
  explicit AtomicFile(std::filesystem::path path, Rivals rivals = Rivals::possible);
  /// Removes what was not committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends. @throws IoError
  void write(std::string_view bytes);
  /// Syncs and closes the file, renames it, and syncs the folder. @throws IoError
  void commit();
  /// The same for many files of one folder, which costs the disk little more than one of them.
  /// @throws IoError; then some may be there and others not, each whole
  static void commit_all(const std::filesystem::path& folder, std::deque<AtomicFile>& files);

 private:
  void create(Rivals rivals);
  void sync();
  void give_name();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::optional<Descriptor> file_;
  bool committed_ = false;
};

/// The whole output in one piece. @throws CannotCreate, IoError
void write_file(const std::filesystem::path& path, std::string_view bytes,
                AtomicFile::Rivals rivals = AtomicFile::Rivals::possible);

/// Waits until the disk knows the names in a folder. @throws IoError
void sync_folder(const std::filesystem::path& folder);

/// @throws IoError where errno says that a disk failed or is full, else CannotCreate
[[noreturn]] void throw_not_created(const std::filesystem::path& path, int error);

/// Creates a file beside `path` and removes it again: whether a later save can work.
/// @throws CannotCreate
void require_creatable(const std::filesystem::path& path);

}  // namespace helmholtz::io
