#pragma once

#include <cstdint>
#include <span>

#include "model/data/byte_stream.hpp"
#include "model/data/row_builder.hpp"

/// One reader per format. All throw BadData and IoError.
namespace helmholtz::data {

/// What an array's dimensions mean.
struct Extent {
  std::uint64_t rows = 0;
  std::uint64_t units = 0;
  std::optional<ImageShape> shape = {};  ///< of three dimensions
};

/// @param dimensions  rows x units, or rows x height x width
/// @throws BadData for another number of them, no rows, or a row that no layer can hold
Extent extent_of(const Request& request, std::span<const std::uint64_t> dimensions);

bool begins_as_idx(std::string_view head);
bool begins_as_npy(std::string_view head);
bool begins_as_hdf5(std::string_view head);

Split read_idx(ByteStream& file, const Request& request);
Split read_npy(ByteStream& file, const Request& request);
Split read_text(ByteStream& file, const Request& request);
/// The dataset of the split's name.
Split read_hdf5(const Request& request);

/// Whether an HDF5 file has a dataset of this name.
bool has_dataset(const std::filesystem::path& path, const char* name);

}  // namespace helmholtz::data
