#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace helmholtz::io {

/// The first bytes of a sealed file, which HDF5 leaves to the application (its user block): what
/// the file is, a few lines of its writer's, and a digest of these and of everything behind. So
/// damage anywhere is seen before HDF5 reads a single byte.
inline constexpr std::size_t kSealBytes = 512;

/// A kind of sealed file: "machine" or "shard".
struct SealKind {
  std::string_view name;
  int schema = 1;  ///< one more whenever a name or a meaning in such files changes
};

/// The seal of the HDF5 image that will follow it.
/// @param notes  whole lines, short; may be empty
std::string seal(const SealKind& kind, std::string_view notes, std::string_view image);

/// The notes of a sealed file, whose length is right; nothing behind its first bytes is read.
/// @throws NoInput if there is no such file; BadData if it is of another kind, schema or length;
///         IoError if it cannot be read
std::string read_seal_notes(const std::filesystem::path& path, const SealKind& kind);

/// A sealed file in memory, whole and undamaged.
struct Sealed {
  std::string notes;
  std::string_view bytes;  ///< of the file, its seal included
  std::unique_ptr<char[]> memory;
  std::size_t capacity = 0;  ///< of `memory`
};

/// Reads all of a file once and checks what it has read, so that nothing that happens to the file
/// later matters.
/// @throws NoInput if there is no such file; BadData if it is of another kind or damaged; IoError
///         if it cannot be read, which says nothing about its bytes
Sealed read_sealed(const std::filesystem::path& path, const SealKind& kind);
/// The same into memory that is there: fresh pages for every file would cost more than reading it.
void read_sealed(const std::filesystem::path& path, const SealKind& kind, Sealed& sealed);

}  // namespace helmholtz::io
