#pragma once

#include <cstddef>
#include <filesystem>

namespace helmholtz::io {

/// The first bytes of a sealed file, which HDF5 leaves to the application (its user block): what
/// the file is, and a digest of everything behind them. So damage anywhere is seen before HDF5
/// reads a single byte.
inline constexpr std::size_t kSealBytes = 512;

/// The schema of machine files; one more whenever a name or a meaning in machine_file.cpp changes.
inline constexpr int kSchema = 1;

/// Writes the seal of a finished file whose first kSealBytes are free. @throws IoError
void write_seal(const std::filesystem::path& path);

/// @throws NoInput if there is no such file; BadData if it is no machine file or is damaged
void check_seal(const std::filesystem::path& path);

}  // namespace helmholtz::io
